/** The camera at the door: asked for on a tap, with the reason beside it. */
import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { codeReader, openCamera, watch } from "../lib/camera.js";
import { t } from "../lib/i18n.js";
import { Icon } from "./icon.js";

/** @param {{onCode: (code: string) => void}} props */
export function ScanCamera({ onCode }) {
  const [stream, setStream] = useState(/** @type {MediaStream | null} */ (null));
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState("");
  const reader = useRef(/** @type {import("../../types").CodeReader | null} */ (null));
  const open = async () => {
    setAsking(true);
    setProblem("");
    try {
      reader.current = await codeReader();
      setStream(await openCamera());
    } catch (reason) {
      setProblem(reason instanceof Error ? reason.message : String(reason));
    }
    setAsking(false);
  };
  useEffect(() => () => stop(stream), [stream]);
  if (stream && reader.current) {
    return html`
      <${Picture} stream=${stream} reader=${reader.current} onCode=${onCode} onEnd=${() => setStream(null)} />
      <button type="button" class="button wide" onClick=${() => setStream(null)}>
        ${t("Turn the camera off")}
      </button>
    `;
  }
  return html`
    <button type="button" class="button primary wide" disabled=${isAsking} onClick=${open}>
      <${Icon} name="camera" />
      ${isAsking ? t("Asking for the camera…") : t("Scan with the camera")}
    </button>
    <p class="quiet">
      ${t("The camera is used to read the codes of tickets, while you scan. No picture leaves this device.")}
    </p>
    ${problem && html`<p class="hint" role="alert">${problem}</p>`}
  `;
}

/** @param {MediaStream | null} stream */
const stop = (stream) => stream?.getTracks().forEach((track) => track.stop());

/**
 * @param {{
 *   stream: MediaStream,
 *   reader: import("../../types").CodeReader,
 *   onCode: (code: string) => void,
 *   onEnd: () => void,
 * }} props
 */
function Picture({ stream, reader, onCode, onEnd }) {
  const video = useRef(/** @type {HTMLVideoElement | null} */ (null));
  const tell = useRef(onCode);
  tell.current = onCode;
  useEffect(() => {
    if (!video.current) return;
    const watching = new AbortController();
    const { signal } = watching;
    video.current.srcObject = stream;
    void video.current.play().catch(() => null);
    stream.getVideoTracks()[0]?.addEventListener("ended", onEnd, { signal });
    void watch({ video: video.current, reader, onCode: (code) => tell.current(code), signal });
    return () => watching.abort();
  }, [stream]);
  return html`
    <video class="scan-picture" ref=${video} muted playsinline aria-label=${t("What the camera sees")}></video>
  `;
}
