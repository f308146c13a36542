/** Title, downloads, licence and attribution. */

import {byId, h} from './dom.js';
import {yearly} from './release.js';

/**
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 */

/** @param {Release} release */
export function fillHeader(release) {
  document.title = `${release.title}, version ${release.version}`;
  byId('title').textContent = release.title;
  byId('version').textContent = `v${release.version}`;
  byId('released').textContent = release.released ? `released ${release.released}` : '';
  byId('description').textContent = release.description ?? '';
  byId('license').textContent = release.license ? `Licence ${release.license}. ` : '';
  byId('attribution').textContent = release.attribution ?? '';
}

/**
 * @param {Release} release
 * @param {Store} store
 */
export function createDownloads(release, store) {
  const areas = release.tables.areas;
  const fixed = [
    link(release.assets.history, 'All years (GeoTIFF)', 'one file, a band a year'),
    link(areas?.csv, 'Areas (CSV)', 'hectares by class, year and territory'),
    link(areas?.parquet, 'Areas (Parquet)', 'the same, for analysis'),
    link(release.catalog, 'STAC catalog', 'for programs'),
    link(release.notes, 'Release notes', 'what changed, and why'),
    link(release.previous, 'Previous version', 'its own map page'),
  ];
  store.follow(['layer', 'year'], ({layer, year}) => {
    const raster = yearly(release, /** @type {any} */ (layer), year);
    const items = [link(raster, `${year} (GeoTIFF)`, 'the layer on the map'), ...fixed];
    byId('downloads').replaceChildren(...items.filter((item) => item !== null));
  });
}

/**
 * @param {string|null|undefined} href
 * @param {string} text
 * @param {string} hint
 */
function link(href, text, hint) {
  if (!href) return null;
  return h('li', {}, h('a', {href, text}), h('small', {text: hint}));
}
