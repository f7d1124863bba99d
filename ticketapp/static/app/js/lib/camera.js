/** Reading codes with the camera. Pictures are looked at here and kept nowhere. */
import { t } from "./i18n.js";

/** @typedef {import("../../types").CodeReader} CodeReader */

const LOOK_EVERY = 150;
/** A code must be out of sight for this long before it is a new scan. */
const OUT_OF_SIGHT = 2_500;

/**
 * The camera that looks away from the person. Rejects with a sentence that says
 * what to do.
 * @returns {Promise<MediaStream>}
 */
export async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error(t("This browser gives no camera to this page. Enter the code instead."));
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 } },
    });
  } catch (reason) {
    throw new Error(refusalWords(reason));
  }
}

/** @param {unknown} reason */
function refusalWords(reason) {
  const name = reason instanceof DOMException ? reason.name : "";
  if (name === "NotAllowedError") {
    return t("The camera is not allowed here. Allow it in the browser’s settings, or enter the code.");
  }
  if (name === "NotFoundError") return t("There is no camera here. Enter the code instead.");
  return t("The camera does not answer. Perhaps another app uses it. Enter the code instead.");
}

/**
 * What reads codes from pictures.
 * @returns {Promise<CodeReader>}
 */
export async function codeReader() {
  const Reader = window.BarcodeDetector;
  const formats = (await Reader?.getSupportedFormats()) ?? [];
  if (Reader && formats.includes("qr_code")) return new Reader({ formats: ["qr_code"] });
  return packagedReader();
}

/** For browsers that have none; at 170 kB, so only they load it. */
async function packagedReader() {
  try {
    const { BarcodeDetector } = await import("qr/decode.js");
    return new BarcodeDetector({ formats: ["qr_code"] });
  } catch {
    throw new Error(t("What reads codes could not be loaded. Try again, or enter the code."));
  }
}

/**
 * Tell each code that comes into sight once, however long it stays there.
 * @param {{
 *   video: HTMLVideoElement,
 *   reader: CodeReader,
 *   onCode: (code: string) => void,
 *   signal: AbortSignal,
 * }} what
 */
export async function watch({ video, reader, onCode, signal }) {
  let last = { code: "", at: 0 };
  while (!signal.aborted) {
    const code = await look(reader, video);
    const isNew = code !== last.code || Date.now() - last.at > OUT_OF_SIGHT;
    if (code && isNew && !signal.aborted) onCode(code);
    if (code) last = { code, at: Date.now() };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}

/**
 * @param {CodeReader} reader
 * @param {HTMLVideoElement} video
 */
async function look(reader, video) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return "";
  // A picture that cannot be read, while the camera starts or turns, has no code.
  const found = await reader.detect(video).catch(() => []);
  return found[0]?.rawValue ?? "";
}
