/** Line icons, 24 by 24, in the colour of the text beside them. */
import { html } from "../html.js";

/** @type {Record<string, string>} */
const PATHS = {
  tonight: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.500Z",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13Zm4.7 11.200L20 20",
  ticket:
    "M4 7h16v3.500a1.8 1.8 0 0 0 0 3V17H4v-3.500a1.8 1.8 0 0 0 0-3ZM14.5 7v2m0 2v2m0 2v2",
  you: "M12 4.500a3.7 3.7 0 1 1 0 7.5 3.7 3.7 0 0 1 0-7.500ZM5 20c.6-3.6 3.3-5.5 7-5.500s6.4 1.9 7 5.5",
  down: "m7 10 5 5 5-5",
  back: "M14.5 5.5 8 12l6.5 6.5",
  close: "m6.5 6.5 11 11m0-11-11 11",
  pin: "M12 21c4.5-5 6.5-8.2 6.5-11a6.5 6.5 0 0 0-13 0c0 2.8 2 6 6.5 11Zm0-13.500a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
  locate: "M12 3v3m0 12v3m9-9h-3M6 12H3m9-5a5 5 0 1 1 0 10 5 5 0 0 1 0-10Z",
  map: "M4 6.5 9.3 4l5.4 2.500L20 4v13.500L14.7 20l-5.4-2.500L4 20ZM9.3 4v13.500m5.4-11V20",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
  sliders: "M4 8h9m5 0h2M4 16h2m5 0h9M15.5 5.500v5m-7 3v5",
  share: "M12 15V4m0 0L8 8m4-4 4 4M5 13v6.500h14V13",
  calendar: "M5 6.500h14V20H5Zm0 4.500h14M9 4v4m6-4v4",
  minus: "M6 12h12",
  plus: "M6 12h12M12 6v12",
  check: "m5 12.5 4.5 4.500L19 7.5",
  info: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 7v5m0-8.200v.01",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 3.500V12l3 2",
  offline: "M4 4l16 16M8.5 15.500a5 5 0 0 1 7 0M5.5 12.200a9.3 9.3 0 0 1 4-2.300m5 .1a9.3 9.3 0 0 1 4 2.200M12 19h.01",
  sun: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Zm0-5v2m0 14v2m9-9h-2M5 12H3m15.4-6.400L17 7M7 17l-1.4 1.400m12.8 0L17 17M7 7 5.6 5.6",
  camera: "M4 8h3.500l1.5-2.500h6L16.5 8H20v11H4Zm8 2.500a3 3 0 1 1 0 6 3 3 0 0 1 0-6Z",
  away: "M9 6h9v9m0-9L6.5 17.5",
};

/**
 * Decoration only: whoever uses it says the same in words.
 * @param {{name: string}} props
 */
export const Icon = ({ name }) => html`
  <svg
    class=${`icon icon-${name}`}
    viewBox="0 0 24 24"
    width="24"
    height="24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <path d=${PATHS[name]} />
  </svg>
`;
