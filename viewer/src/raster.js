/**
 * Class rasters (cloud optimized GeoTIFF) read by range request.
 *
 * Tiles are taken as stored, without resampling: codes stay codes. The profile is the one that a release
 * writes: unsigned 8 or 16 bit, or signed 32 bit for layers that are only read and never drawn; DEFLATE or none, no
 * predictor, bands interleaved by pixel.
 *
 * @typedef {import('geotiff').GeoTIFFImage} Level
 * @typedef {{url: string, bands: number, bytes: number, levels: Level[]}} Raster
 *   bytes of one code; levels from coarse to fine
 * @typedef {Uint8Array|Uint16Array|Int32Array} Codes
 */

import {fromUrl} from 'geotiff';
import {PageError, explain} from './errors.js';

const NO_COMPRESSION = 1;
const DEFLATE = [8, 32946];
const MASK_BIT = 4;
/** @type {Record<string, new (data: ArrayBufferLike) => Codes>} arrays by sample format (1 unsigned, 2 signed) and bits */
const ARRAYS = {'1/8': Uint8Array, '1/16': Uint16Array, '2/32': Int32Array};

/** @type {Map<string, Promise<Raster>>} */
const opened = new Map();

/**
 * Open a raster once; later calls share its header and its cached blocks.
 * @param {string} url relative to the page
 * @returns {Promise<Raster>}
 */
export function openRaster(url) {
  let raster = opened.get(url);
  if (!raster) {
    raster = open(url).catch((error) => {
      opened.delete(url); // so that a later try can succeed
      throw explain(error, url);
    });
    opened.set(url, raster);
  }
  return raster;
}

/**
 * @param {string} url
 * @returns {Promise<Raster>}
 */
async function open(url) {
  const tiff = await fromUrl(new URL(url, document.baseURI).href);
  const count = await tiff.getImageCount();
  const images = await Promise.all(Array.from({length: count}, (_, index) => tiff.getImage(index)));
  const levels = images.filter((image) => !isMask(image)).sort((a, b) => a.getWidth() - b.getWidth());
  for (const level of levels) await requireProfile(level, url);
  return {url, bands: levels[0].getSamplesPerPixel(), bytes: levels[0].getBitsPerSample() / 8, levels};
}

/** @param {Level} image */
function isMask(image) {
  return ((image.fileDirectory.getValue('NewSubfileType') ?? 0) & MASK_BIT) !== 0;
}

/**
 * @param {Level} level
 * @param {string} url
 */
async function requireProfile(level, url) {
  const directory = level.fileDirectory;
  const compression = await directory.loadValue('Compression');
  const predictor = (await directory.loadValue('Predictor')) ?? 1;
  const fits = [NO_COMPRESSION, ...DEFLATE].includes(compression ?? 0) && predictor === 1
    && directory.getValue('PlanarConfiguration') !== 2 && level.isTiled && level.littleEndian
    && arrayOf(level) !== undefined;
  if (!fits) {
    throw new PageError(
      `${url} is not stored the way the map page reads.`,
      'It must be a tiled GeoTIFF of 8 or 16 bit codes, DEFLATE without predictor, interleaved by pixel.',
    );
  }
}

/** @param {Level} level */
function arrayOf(level) {
  return ARRAYS[`${level.getSampleFormat()}/${level.getBitsPerSample()}`];
}

/**
 * One stored tile, bands interleaved by pixel, as wide and high as the level's tiles.
 * @param {Level} level
 * @param {number} x
 * @param {number} y
 * @param {AbortSignal} [signal]
 * @returns {Promise<Codes>}
 */
export async function readTile(level, x, y, signal) {
  const compression = await level.fileDirectory.loadValue('Compression');
  const decode = compression === NO_COMPRESSION ? (/** @type {ArrayBuffer} */ bytes) => bytes : inflate;
  const {data} = await level.getTileOrStrip(x, y, 0, /** @type {any} */ ({decode}), signal);
  return new (arrayOf(level))(data);
}

/**
 * The codes of one full-resolution pixel, one per band.
 * @param {string} url
 * @param {number} column
 * @param {number} row
 * @returns {Promise<number[]>}
 */
export async function readPixel(url, column, row) {
  const {levels, bands} = await openRaster(url);
  const level = levels[levels.length - 1];
  const [width, height] = [level.getTileWidth(), level.getTileHeight()];
  const codes = await readTile(level, Math.floor(column / width), Math.floor(row / height))
    .catch((error) => { throw explain(error, url); });
  const start = ((row % height) * width + (column % width)) * bands;
  return Array.from(codes.subarray(start, start + bands));
}

/**
 * The browser's own inflate: faster than one in JavaScript, and off the main thread.
 * @param {ArrayBuffer} bytes
 * @returns {Promise<ArrayBuffer>}
 */
function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
}
