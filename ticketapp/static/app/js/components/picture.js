/** An event's picture, or the pattern that stands for it. */
import { useState } from "preact/hooks";

import { html } from "../html.js";
import { patternFor } from "../lib/pattern.js";

/** @param {{title: string, url?: string | null | undefined}} props */
export function Picture({ title, url }) {
  const [failed, setFailed] = useState(false);
  if (!url || failed) return html`<div class="picture"><${Pattern} title=${title} /></div>`;
  return html`
    <div class="picture">
      <img src=${url} alt="" loading="lazy" decoding="async" onError=${() => setFailed(true)} />
    </div>
  `;
}

/** @param {{title: string}} props */
function Pattern({ title }) {
  const { kind, turn, count, ground, middle, light } = patternFor(title);
  const steps = Array.from({ length: count }, (_, step) => step);
  const draw = DRAWINGS[kind];
  return html`
    <svg viewBox="0 0 100 100" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect width="100" height="100" fill=${ground} />
      <g transform=${`rotate(${turn * 90} 50 50)`}>${draw(steps, count, middle, light)}</g>
    </svg>
  `;
}

/** @typedef {(steps: number[], count: number, middle: string, light: string) => unknown} Draw */

/** @type {Record<ReturnType<typeof patternFor>["kind"], Draw>} */
const DRAWINGS = {
  arcs: (steps, count, middle, light) =>
    steps.map((step) => {
      const radius = 16 + ((count - step) * 78) / count;
      return html`<circle
        cx="0"
        cy="100"
        r=${radius}
        fill="none"
        stroke=${step === 1 ? light : middle}
        stroke-width=${step === 1 ? 7 : 4}
      />`;
    }),
  stripes: (steps, count, middle, light) =>
    steps.map((step) => {
      const x = -20 + (step * 130) / count;
      return html`<path
        d=${`M${x} 110 L${x + 60} -10 h${54 / count} L${x + 54 / count} 110 Z`}
        fill=${step === 2 ? light : middle}
      />`;
    }),
  dots: (steps, count, middle, light) =>
    steps.flatMap((row) =>
      steps.map((column) => {
        const size = (34 / count) * (1 - Math.abs(row - column) / (count + 2));
        return html`<circle
          cx=${((column + 0.5) * 100) / count}
          cy=${((row + 0.5) * 100) / count}
          r=${size}
          fill=${(row + column) % 4 === 1 ? light : middle}
        />`;
      }),
    ),
  waves: (steps, count, middle, light) =>
    steps.map((step) => {
      const y = ((step + 0.6) * 100) / count;
      return html`<path
        d=${`M-10 ${y} q 15 -14 30 0 t 30 0 t 30 0 t 30 0`}
        fill="none"
        stroke=${step === 1 ? light : middle}
        stroke-width=${step === 1 ? 6 : 4}
      />`;
    }),
  tiles: (steps, count, middle, light) =>
    steps.flatMap((row) =>
      steps.map((column) => {
        const size = 100 / count;
        const x = column * size;
        const y = row * size;
        const flips = (row * 3 + column * 5) % 4;
        const corner = `M${x} ${y} h${size} a${size} ${size} 0 0 1 ${-size} ${size} Z`;
        const shape = flips < 2 ? corner : `M${x + size} ${y + size} h${-size} a${size} ${size} 0 0 1 ${size} ${-size} Z`;
        return html`<path d=${shape} fill=${(row + column) % 5 === 0 ? light : middle} />`;
      }),
    ),
};
