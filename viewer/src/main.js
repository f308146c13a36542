/** The map page of a release: read map.json, then let each part follow what the reader chooses. */

import 'ol/ol.css';
import 'uplot/dist/uPlot.min.css';
import './style.css';
import {createAreaPanel} from './areaPanel.js';
import {byId} from './dom.js';
import {showError} from './errors.js';
import {readHash, writeHash} from './hash.js';
import {readExplanation, readFacts, readHistory} from './inspect.js';
import {createRasterLayers} from './layers.js';
import {createLayerSwitch, createLegend} from './legend.js';
import {createDownloads, fillHeader} from './links.js';
import {approach, coordinateOf, createMap, fitAll, lonLatOfPixel, pixelAt} from './map.js';
import {createMarker, createOutlines} from './overlays.js';
import {createPlacePanel} from './place.js';
import {loadRelease} from './release.js';
import {createSearch} from './search.js';
import {createStore} from './store.js';
import {themesOf} from './themes.js';
import {createTimeline} from './timeline.js';

/** @typedef {import('./release.js').Release} Release */
/** @typedef {import('./store.js').Store} Store */

async function start() {
  const release = await loadRelease();
  const known = {years: release.years, layers: themesOf(release).map(({id}) => /** @type {string} */ (id))};
  const store = createStore({
    year: release.years[release.years.length - 1],
    layer: 'class',
    hidden: new Set(),
    at: null,
    territory: 'all/all',
    outlines: true,
    ...readHash(location.hash, known),
  });
  fillHeader(release);
  createDownloads(release, store);
  const map = createMap(byId('map'), release.grid);
  map.once('rendercomplete', () => { document.documentElement.dataset.ready = 'true'; });
  const {at} = store.get();
  if (at) approach(map, release.grid, coordinateOf(release.grid, at));

  const {settled} = createRasterLayers(map, release, store);
  createMarker(map, release, store);
  createTimeline(release.years, store, settled);
  createLayerSwitch(release, store);
  createPlacePanel(release, store);
  followClicks(map, release, store);
  followAddress(store, known);
  window.mutirao = api(release, store);

  const legend = createLegend(release, store);
  const outlines = await createOutlines(map, release, store);
  offerOutlines(outlines !== null, store);
  const territories = await createAreaPanel(release, store, legend);
  createSearch(map, release, store, {outlines, territories});
}

/**
 * A click, or Enter on the focused map, chooses a pixel.
 * @param {import('ol/Map.js').default} map
 * @param {Release} release
 * @param {Store} store
 */
function followClicks(map, release, store) {
  const choose = (/** @type {number[]|undefined} */ coordinate) => {
    const pixel = coordinate && pixelAt(release.grid, coordinate);
    store.set({at: pixel ? lonLatOfPixel(release.grid, pixel) : null});
  };
  map.on('singleclick', (event) => choose(event.coordinate));
  const target = byId('map');
  target.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Enter' && event.target === target) choose(map.getView().getCenter());
  });
  byId('fit').addEventListener('click', () => fitAll(map, release.grid));
}

/**
 * Keep the address and the page in step, in both directions.
 * @param {Store} store
 * @param {{years: number[], layers: string[]}} known
 */
function followAddress(store, known) {
  store.follow(['year', 'layer', 'at'], (state) => history.replaceState(null, '', writeHash(state)));
  addEventListener('hashchange', () => store.set({at: null, ...readHash(location.hash, known)}));
  byId('copy-link').addEventListener('click', async () => {
    await navigator.clipboard.writeText(location.href);
    byId('status').textContent = 'Link copied';
  });
}

/**
 * @param {boolean} hasOutlines
 * @param {Store} store
 */
function offerOutlines(hasOutlines, store) {
  const box = byId('outlines');
  box.parentElement.hidden = !hasOutlines;
  box.addEventListener('change', () => store.set({outlines: box.checked}));
}

/**
 * `window.mutirao`: for scripts and tests that drive the page.
 * @param {Release} release
 * @param {Store} store
 */
function api(release, store) {
  return {
    year: () => store.get().year,
    /** @param {number} year */
    setYear: (year) => {
      if (!release.years.includes(year)) throw new RangeError(`${year} is not a year of this release`);
      store.set({year});
    },
    /**
     * @param {number} longitude
     * @param {number} latitude
     */
    pixel: async (longitude, latitude) => {
      const pixel = pixelAt(release.grid, coordinateOf(release.grid, [longitude, latitude]));
      if (!pixel) return null;
      const facts = await readFacts(release, pixel, store.get().year);
      return {column: pixel[0], row: pixel[1], history: await readHistory(release, pixel), ...facts};
    },
    /**
     * @param {number} longitude
     * @param {number} latitude
     * @param {number} [year]
     */
    explain: async (longitude, latitude, year = store.get().year) => {
      const pixel = pixelAt(release.grid, coordinateOf(release.grid, [longitude, latitude]));
      return pixel && readExplanation(release, pixel, year);
    },
  };
}

start().catch(showError);
