/** What the page calls a class, and its colour. */

import {UNKNOWN} from './palettes.js';

/**
 * @param {import('./release.js').Release} release
 * @param {number} code
 * @returns {{name: string, color: string}}
 */
export function classOf(release, code) {
  if (code === 0) return {name: 'No data', color: 'var(--quiet)'};
  const known = [...release.legend, ...release.parents].find((item) => item.code === code);
  return known ?? {name: `Class ${code}, not in the legend`, color: UNKNOWN};
}
