/**
 * The rasters on the map: the land cover, and over it one layer that says something about it.
 *
 * Land cover starts with the file of one year. Once that is drawn, the stack of all years takes its place, and
 * from then on another year is another band on the graphics card: no request at all.
 *
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 */

import {onThemeChange} from './dom.js';
import {showError} from './errors.js';
import {greyPaletteOf, isDarkTheme, paletteOf} from './palettes.js';
import {openRaster} from './raster.js';
import {yearly} from './release.js';
import {createSlot} from './slot.js';
import {entriesOf} from './themes.js';

const MOST_STACKED_YEARS = 45; // four bands a texture, at least 16 textures: leaves room for the palette
const WIDEST_FIRST_LEVEL = 2048; // a larger stack without overviews would load whole at the first view

/**
 * @param {import('ol/Map.js').default} map
 * @param {Release} release
 * @param {Store} store
 * @returns {{settled: () => Promise<unknown>}} settled: when the map shows what was last asked for
 */
export function createRasterLayers(map, release, store) {
  let hasStack = false;
  /** @type {Promise<unknown>} */
  let work = Promise.resolve();

  const cover = createSlot(map, release.grid, 0, () => {
    const {layer, hidden, year} = store.get();
    const palette = layer === 'class' ? paletteOf(release.legend, hidden) : greyPaletteOf(release.legend, isDarkTheme());
    return {palette, band: hasStack ? release.years.indexOf(year) + 1 : 1};
  });
  const about = createSlot(map, release.grid, 1, () => (
    {palette: paletteOf(entriesOf(release, store.get().layer)), band: 1}
  ));

  store.follow(['layer', 'hidden'], () => cover.restyle());
  store.follow(['layer', 'year'], ({layer, year}) => {
    if (hasStack) cover.reband();
    work = Promise.all([
      hasStack ? null : cover.show(yearly(release, 'class', year)),
      about.show(layer === 'class' ? null : yearly(release, /** @type {any} */ (layer), year)),
    ]);
  });
  onThemeChange(() => cover.restyle());

  const useStack = async () => {
    const url = await stackFor(release);
    hasStack = url !== null;
    if (hasStack) await cover.show(url);
    document.documentElement.dataset.years = hasStack ? 'stack' : 'files';
  };
  map.once('rendercomplete', () => useStack().catch(showError));
  return {settled: () => work};
}

/**
 * The stack of all years, if it can serve as the slider's source.
 * @param {Release} release
 */
async function stackFor(release) {
  const url = release.assets.history;
  if (!url || release.years.length > MOST_STACKED_YEARS) return null;
  const raster = await openRaster(url);
  const fits = raster.bands === release.years.length && raster.levels[0].getWidth() <= WIDEST_FIRST_LEVEL;
  return fits ? url : null;
}
