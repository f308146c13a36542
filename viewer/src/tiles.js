/** From stored tiles to pixels on the screen: the source and the style of a raster layer. */

import DataTileSource from 'ol/source/DataTile.js';
import TileGrid from 'ol/tilegrid/TileGrid.js';
import {explain, showError} from './errors.js';
import {readTile} from './raster.js';

/** The stored tiles of a raster, as they are. */
export class CodeSource extends DataTileSource {
  /**
   * @param {import('./raster.js').Raster} raster
   * @param {import('./release.js').Grid} grid
   */
  constructor({levels, bands, bytes, url}, grid) {
    super({
      loader: /** @type {any} */ (loaderOf(levels, url)),
      projection: grid.crs,
      tileGrid: tileGrid(levels, grid),
      bandCount: bands * bytes,
      interpolate: false,
      transition: 0,
      wrapX: false,
    });
    this.setTileSizes(levels.map((level) => [level.getTileWidth(), level.getTileHeight()]));
  }
}

/**
 * @param {import('./raster.js').Level[]} levels
 * @param {string} url
 * @returns {(z: number, x: number, y: number, options: {signal?: AbortSignal}) => Promise<Uint8Array>}
 */
function loaderOf(levels, url) {
  return async (z, x, y, {signal}) => {
    try {
      return asBytes(await readTile(levels[z], x, y, signal));
    } catch (error) {
      if (!signal?.aborted) showError(explain(error, url));
      throw error;
    }
  };
}

/**
 * 16-bit codes travel to the graphics card as two 8-bit bands, low byte first.
 * @param {import('./raster.js').Codes} codes
 */
function asBytes(codes) {
  return new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
}

/**
 * Overviews of odd-sized rasters have pixels that are not quite square, so a tile's height is counted in pixel widths.
 * @param {import('./raster.js').Level[]} levels
 * @param {import('./release.js').Grid} grid
 */
function tileGrid(levels, grid) {
  const [minX, minY, maxX, maxY] = grid.bounds;
  const widths = levels.map((level) => (maxX - minX) / level.getWidth());
  const heights = levels.map((level) => (maxY - minY) / level.getHeight());
  return new TileGrid({
    extent: grid.bounds,
    origin: [minX, maxY],
    resolutions: widths,
    tileSizes: levels.map((level, z) => [level.getTileWidth(), level.getTileHeight() * heights[z] / widths[z]]),
  });
}

/**
 * Draw the code of one band in its palette colour, exactly.
 * @param {import('./palettes.js').Palette} palette
 * @param {number} band counted from 1
 * @param {number} bytes of one code: 1 or 2
 * @returns {any} a WebGL tile style; the variable `band` can be changed later
 */
export function paletteStyle(palette, band, bytes) {
  const byte = (/** @type {any} */ index) => ['*', 255, ['band', index]]; // the card hands out bytes as 0 to 1
  const low = ['-', ['*', ['var', 'band'], 2], 1];
  const code = bytes === 1 ? byte(['var', 'band']) : ['+', byte(low), ['*', 256, byte(['+', low, 1])]];
  return {variables: {band}, color: ['palette', code, palette]};
}
