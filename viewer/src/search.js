/** The search box: a longitude and latitude, or the name of a territory. */

import {byId, h} from './dom.js';
import {parseLonLat} from './hash.js';
import {approach, coordinateOf, pixelAt} from './map.js';

const NOT_FOUND = 'Not found. Give longitude, latitude in degrees, such as 22.15, 45.2, or the name of a territory.';

/**
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 * @typedef {import('./areas.js').Territory} Territory
 */

/**
 * @param {import('ol/Map.js').default} map
 * @param {Release} release
 * @param {Store} store
 * @param {{outlines: import('ol/source/Vector.js').default|null, territories: Territory[]}} known
 */
export function createSearch(map, release, store, {outlines, territories}) {
  const answer = byId('search-answer');
  const names = outlines ? outlines.getFeatures().map((feature) => String(feature.get('name'))) : [];
  byId('search-names').replaceChildren(...[...new Set(names)].map((name) => h('option', {value: name})));

  byId('search').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = byId('search-text').value;
    answer.textContent = goToPlace(text) || goToTerritory(text) ? '' : NOT_FOUND;
  });

  const goToPlace = (/** @type {string} */ text) => {
    const at = parseLonLat(text);
    if (!at) return false;
    const coordinate = coordinateOf(release.grid, at);
    store.set({at});
    if (pixelAt(release.grid, coordinate)) approach(map, release.grid, coordinate);
    return true;
  };
  const goToTerritory = (/** @type {string} */ text) => {
    const wanted = text.trim().toLocaleLowerCase();
    const feature = outlines?.getFeatures().find((item) => String(item.get('name')).toLocaleLowerCase() === wanted);
    const extent = feature?.getGeometry()?.getExtent();
    if (!feature || !extent) return false;
    map.getView().fit(extent, {padding: [40, 40, 40, 40]});
    const key = `${feature.get('level')}/${feature.get('id')}`;
    if (territories.some((item) => item.key === key)) store.set({territory: key});
    return true;
  };
}
