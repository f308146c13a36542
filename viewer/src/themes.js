/**
 * The layers a reader can choose between, and the colours of each.
 *
 * @typedef {import('./release.js').Release} Release
 * @typedef {{code: number, name: string, color: string, detail?: string, group?: string}} Entry
 * @typedef {{id: 'class'|'source'|'conflict'|'filter', title: string, hint: string}} Theme
 */

import {CONFLICT_COLORS, conflictColor, stepColor} from './palettes.js';

/** @type {Theme[]} */
const THEMES = [
  {id: 'class', title: 'Land cover', hint: 'Press a class to hide or show it.'},
  {id: 'source', title: 'Deciding module', hint: 'Whose claim became the map at each pixel.'},
  {id: 'conflict', title: 'Conflicts', hint: 'How many modules claimed another class than the module that won.'},
  {id: 'filter', title: 'Filtered', hint: 'Pixels that a filter step changed after the integration.'},
];

/**
 * The themes for which this release has rasters.
 * @param {Release} release
 */
export function themesOf(release) {
  return THEMES.filter((theme) => release.assets[theme.id]);
}

/**
 * What the colours of a theme mean, in display order.
 * @param {Release} release
 * @param {string} themeId
 * @returns {Entry[]}
 */
export function entriesOf(release, themeId) {
  if (themeId === 'source') return release.modules.map(moduleEntry);
  if (themeId === 'conflict') return conflictEntries(release);
  if (themeId === 'filter') {
    return release.filters.map((step, index) => ({code: step.id, name: step.title, color: stepColor(index)}));
  }
  return release.legend;
}

/** @param {import('./release.js').Module} module */
function moduleEntry({id, name, color, kind, organisation, version}) {
  return {code: id, name, color, detail: `${organisation}, version ${version}`,
    group: kind === 'theme' ? 'Theme modules' : 'Region modules'};
}

/**
 * @param {Release} release
 * @returns {Entry[]}
 */
function conflictEntries(release) {
  const most = Math.max(1, release.modules.length - 1);
  return Array.from({length: most}, (_, index) => ({
    code: index + 1,
    name: index ? `${index + 1} modules claim another class` : '1 module claims another class',
    color: conflictColor(index + 1),
  }));
}

/**
 * The entries a legend lists: like `entriesOf`, but with one line for all that share the last conflict colour.
 * @param {Release} release
 * @param {string} themeId
 */
export function legendEntriesOf(release, themeId) {
  const entries = entriesOf(release, themeId);
  const last = CONFLICT_COLORS.length;
  if (themeId !== 'conflict' || entries.length <= last) return entries;
  return [...entries.slice(0, last - 1), {...entries[last - 1], name: `${last} or more modules claim another class`}];
}
