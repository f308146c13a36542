/**
 * What the release knows about one pixel.
 *
 * @typedef {import('./release.js').Release} Release
 * @typedef {Object} Facts about one pixel in one year
 * @property {import('./release.js').Module|null|undefined} module whose claim won; null: none; undefined: not published
 * @property {import('./release.js').Rule|null|undefined} rule that decided
 * @property {number|undefined} conflicts modules that claimed another class
 * @property {import('./release.js').FilterStep|null|undefined} filter last step that changed the pixel
 */

import {explain} from './explain.js';
import {readPixel} from './raster.js';
import {yearly} from './release.js';

/**
 * The class code of each year, in the order of the release's years.
 * @param {Release} release
 * @param {[number, number]} pixel column and row
 * @returns {Promise<number[]>}
 */
export async function readHistory(release, [column, row]) {
  const {history} = release.assets;
  if (history) return readPixel(history, column, row);
  return Promise.all(release.years.map(async (year) => {
    const url = yearly(release, 'class', year);
    return url ? (await readPixel(url, column, row))[0] : 0;
  }));
}

/**
 * @param {Release} release
 * @param {[number, number]} pixel
 * @param {number} year
 * @returns {Promise<Facts>}
 */
export async function readFacts(release, [column, row], year) {
  const id = async (/** @type {import('./release.js').YearlyAsset} */ asset) => {
    const url = yearly(release, asset, year);
    return url ? (await readPixel(url, column, row))[0] : undefined;
  };
  const [source, rule, conflicts, filter] = await Promise.all([id('source'), id('rule'), id('conflict'), id('filter')]);
  return {
    module: named(release.modules, source),
    rule: named(release.rules, rule),
    conflicts,
    filter: named(release.filters, filter),
  };
}

/**
 * @param {Release} release
 * @param {[number, number]} pixel
 * @param {number} year
 * @returns {Promise<import('./explain.js').Explanation>}
 */
export async function readExplanation(release, [column, row], year) {
  const urls = [yearly(release, 'claims', year), release.assets.layers];
  const [claims, layers] = await Promise.all(urls.map((url) => (url ? readPixel(url, column, row) : [])));
  return explain(release, byName(release.modules.map(({module}) => module), claims),
    byName(release.layers.map(({id}) => id), layers), year);
}

/**
 * @param {string[]} names
 * @param {number[]} values
 */
function byName(names, values) {
  return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

/**
 * @template {{id: number}} Item
 * @param {Item[]} items
 * @param {number|undefined} id
 * @returns {Item|null|undefined} undefined if the layer is not published, null if no item has the id
 */
function named(items, id) {
  return id === undefined ? undefined : items.find((item) => item.id === id) ?? null;
}

/**
 * The history as runs of equal classes.
 * @param {number[]} years
 * @param {number[]} codes
 * @returns {{code: number, first: number, last: number}[]}
 */
export function runsOf(years, codes) {
  /** @type {{code: number, first: number, last: number}[]} */
  const runs = [];
  codes.forEach((code, index) => {
    const run = runs[runs.length - 1];
    if (run?.code === code) run.last = years[index];
    else runs.push({code, first: years[index], last: years[index]});
  });
  return runs;
}
