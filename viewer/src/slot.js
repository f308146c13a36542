/**
 * A place on the map for one raster. A new raster is loaded out of sight and shown when complete, so that the map
 * never blinks between two of them.
 *
 * @typedef {{palette: import('./palettes.js').Palette, band: number}} Look
 * @typedef {{layer: WebGLTileLayer, bytes: number}} Drawn
 */

import WebGLTileLayer from 'ol/layer/WebGLTile.js';
import {showError} from './errors.js';
import {openRaster} from './raster.js';
import {CodeSource, paletteStyle} from './tiles.js';

/**
 * @param {import('ol/Map.js').default} map
 * @param {import('./release.js').Grid} grid
 * @param {number} zIndex
 * @param {() => Look} look the colours and the band that are wanted now
 */
export function createSlot(map, grid, zIndex, look) {
  /** @type {Drawn|null} */
  let shown = null;
  /** @type {Drawn|null} */
  let coming = null;
  /** @type {string|null} */
  let wanted = null;

  const drop = (/** @type {Drawn|null} */ drawn) => {
    if (!drawn) return;
    map.removeLayer(drawn.layer);
    drawn.layer.dispose();
  };
  const start = (/** @type {import('./raster.js').Raster} */ raster) => {
    drop(coming);
    const {palette, band} = look();
    const style = paletteStyle(palette, band, raster.bytes);
    const opacity = shown ? 0 : 1;
    const layer = new WebGLTileLayer({source: new CodeSource(raster, grid), style, extent: grid.bounds, zIndex, opacity});
    const drawn = coming = {layer, bytes: raster.bytes};
    map.addLayer(layer);
    map.renderSync(); // so that the next rendercomplete counts the new layer's tiles
    return new Promise((done) => map.once('rendercomplete', () => done(promote(drawn))));
  };
  const promote = (/** @type {Drawn} */ drawn) => {
    if (drawn !== coming) return;
    drop(shown);
    drawn.layer.setOpacity(1);
    [shown, coming] = [drawn, null];
  };
  const clear = () => {
    drop(coming);
    drop(shown);
    shown = coming = null;
  };

  return {
    /**
     * Show a raster, or nothing; resolves when it is on the screen.
     * @param {string|null} url
     */
    async show(url) {
      if (url === wanted) return;
      wanted = url;
      if (!url) return clear();
      try {
        const raster = await openRaster(url);
        if (wanted === url) await start(raster); // else the reader moved on while the header was read
      } catch (error) {
        if (wanted === url) wanted = null;
        showError(error);
      }
    },
    /** Take up new colours and another band. */
    restyle() {
      const {palette, band} = look();
      for (const drawn of [shown, coming]) drawn?.layer.setStyle(paletteStyle(palette, band, drawn.bytes));
    },
    /** Take up another band only: no new shader. */
    reband() {
      const {band} = look();
      for (const drawn of [shown, coming]) drawn?.layer.updateStyleVariables({band});
    },
  };
}
