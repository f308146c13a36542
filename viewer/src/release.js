/**
 * The release as map.json describes it.
 *
 * @typedef {{code: number, name: string, color: string, parent: number|null, group: string}} LegendClass
 * @typedef {{id: number, module: string, name: string, organisation: string, kind: string, version: string,
 *   color: string}} Module
 * @typedef {{source: string, allowed: number[], words: string}} Condition
 * @typedef {{source: string, constant?: number, table?: [number, number][], skip?: boolean, listed_only?: boolean}} Outcome
 * @typedef {{id: number, rule: string, claim: string, why: string, when: Condition[], years: [number, number]|null,
 *   cases: {when: Condition[], outcome: Outcome}[], outcome: Outcome}} Rule
 * @typedef {{id: string, names: Record<string, string>}} Layer a raster that rules consult; names by value
 * @typedef {{id: string, layer: string, members: Record<string, string>}} Mosaic modules by value of the layer
 * @typedef {{id: number, step: string, title: string}} FilterStep
 * @typedef {{crs: string, proj4: string, transform: number[], width: number, height: number,
 *   bounds: [number, number, number, number], unit: 'm'|'degree'}} Grid
 * @typedef {'class'|'source'|'rule'|'conflict'|'filter'|'claims'} YearlyAsset
 * @typedef {Partial<Record<YearlyAsset, Record<string, string>>> & {history?: string|null, layers?: string|null}} Assets
 *
 * @typedef {Object} Release
 * @property {string} title
 * @property {string} product
 * @property {string} version
 * @property {string} released
 * @property {string} description
 * @property {string} license
 * @property {string} attribution
 * @property {string|null} notes
 * @property {string|null} catalog
 * @property {Grid} grid
 * @property {number[]} years
 * @property {LegendClass[]} legend
 * @property {{code: number, name: string, color: string}[]} parents classes that others belong to
 * @property {Module[]} modules
 * @property {Rule[]} rules
 * @property {number} hole class of a pixel that no rule takes
 * @property {Mosaic[]} mosaics
 * @property {Layer[]} layers
 * @property {FilterStep[]} filters
 * @property {Assets} assets
 * @property {{areas?: {parquet: string, csv: string}}} tables
 * @property {string|null} territories
 * @property {string|null} previous
 */

import {PageError} from './errors.js';

const REQUIRED = ['title', 'version', 'grid', 'years', 'legend', 'modules', 'assets'];

/** @returns {Promise<Release>} */
export async function loadRelease() {
  if (location.protocol === 'file:') {
    throw new PageError(
      'This page was opened as a file, and a browser does not let it read the maps beside it.',
      'Run `mutirao serve` in the release folder and open the address that it prints.',
    );
  }
  return checked(await fetchJson('map.json'));
}

/**
 * @param {string} path relative to the page
 * @returns {Promise<any>}
 */
export async function fetchJson(path) {
  const response = await fetch(path);
  if (!response.ok) {
    throw new PageError(
      `${path} is not in this folder (the server answered ${response.status}).`,
      'Open the page from inside a release folder, or write the release again with `mutirao release`.',
    );
  }
  return response.json();
}

/**
 * @param {any} release
 * @returns {Release}
 */
function checked(release) {
  const missing = REQUIRED.filter((key) => release[key] === undefined);
  if (missing.length) {
    throw new PageError(
      `map.json lacks ${missing.join(', ')}.`,
      'It was written by another version of mutirao: write the release again with `mutirao release`.',
    );
  }
  const optional = {parents: [], rules: [], hole: 0, mosaics: [], layers: [], filters: [], tables: {}};
  return {...optional, territories: null, previous: null, notes: null, catalog: null, ...release};
}

/**
 * Path of a yearly raster, or null if this release has none.
 * @param {Release} release
 * @param {YearlyAsset} asset
 * @param {number} year
 */
export function yearly(release, asset, year) {
  return release.assets[asset]?.[String(year)] ?? null;
}
