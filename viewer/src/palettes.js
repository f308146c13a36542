/** Colours for codes: a palette is an array of colours, one per code from 0 up; 0 is never drawn. */

const CLEAR = [0, 0, 0, 0];
/** A code that the legend does not know must be seen, not hidden. */
export const UNKNOWN = '#ff00ff';

/** How many modules claimed another class: 1, 2, 3, 4, 5 or more. */
export const CONFLICT_COLORS = ['#f4c56f', '#ea9143', '#d3572f', '#a12c3f', '#5f1742'];

/** Filter steps have no colour of their own; neighbours in this list differ in hue and in lightness. */
export const STEP_COLORS = ['#2f6fb3', '#c9803a', '#2f8f7f', '#a8488c', '#7d9c3c', '#5b55a8', '#c05246', '#4f9fc4'];

/**
 * @typedef {(string|number[])[]} Palette
 * @param {{code: number, color: string}[]} entries
 * @param {ReadonlySet<number>} [hidden]
 * @returns {Palette}
 */
export function paletteOf(entries, hidden = new Set()) {
  const size = Math.max(255, ...entries.map((entry) => entry.code)) + 2; // the last one serves all codes beyond
  /** @type {Palette} */
  const palette = new Array(size).fill(UNKNOWN);
  palette[0] = CLEAR;
  for (const {code, color} of entries) palette[code] = hidden.has(code) ? CLEAR : color;
  return palette;
}

/**
 * The same classes in quiet greys, as a ground under another layer.
 * @param {{code: number, color: string}[]} entries
 * @param {boolean} isDark
 * @returns {Palette}
 */
export function greyPaletteOf(entries, isDark) {
  const [low, high] = isDark ? [44, 74] : [206, 236];
  return paletteOf(entries.map(({code, color}) => {
    const grey = Math.round(low + (high - low) * lightness(color));
    return {code, color: `rgb(${grey}, ${grey}, ${grey})`};
  }));
}

/**
 * Perceived lightness from 0 to 1 (ITU-R BT.601 weights).
 * @param {string} color `#rrggbb`
 */
export function lightness(color) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16));
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

/** @param {number} count of modules that claimed another class, 1 or more */
export function conflictColor(count) {
  return CONFLICT_COLORS[Math.min(count, CONFLICT_COLORS.length) - 1];
}

/** @param {number} index of the step in the release's list */
export function stepColor(index) {
  return STEP_COLORS[index % STEP_COLORS.length];
}

/** Whether the page is shown in dark colours. */
export function isDarkTheme() {
  return matchMedia('(prefers-color-scheme: dark)').matches;
}
