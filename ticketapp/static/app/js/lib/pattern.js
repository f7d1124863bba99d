/**
 * A picture for an event that has none: the same title always gives the same
 * pattern, so an event can be recognised by it.
 */

const KINDS = /** @type {const} */ (["arcs", "stripes", "dots", "waves", "tiles"]);

/** @param {string} text */
function hash(text) {
  let sum = 2166136261;
  for (const sign of text) sum = Math.imul(sum ^ (sign.codePointAt(0) ?? 0), 16777619);
  return sum >>> 0;
}

/** @param {string} title */
export function patternFor(title) {
  const seed = hash(title);
  const hue = seed % 360;
  return {
    kind: KINDS[(seed >>> 9) % KINDS.length] ?? "arcs",
    turn: (seed >>> 13) % 4,
    count: 4 + ((seed >>> 17) % 4),
    ground: `hsl(${hue} 38% 24%)`,
    middle: `hsl(${(hue + 24) % 360} 46% 40%)`,
    light: `hsl(${(hue + 52) % 360} 62% 68%)`,
  };
}
