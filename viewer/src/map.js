/** The map itself, in the coordinate system of the data: nothing is resampled. */

import OlMap from 'ol/Map.js';
import View from 'ol/View.js';
import ScaleLine from 'ol/control/ScaleLine.js';
import Zoom from 'ol/control/Zoom.js';
import {buffer, containsCoordinate, getCenter, getHeight, getWidth} from 'ol/extent.js';
import {defaults as defaultInteractions} from 'ol/interaction/defaults.js';
import {fromLonLat, get as getProjection, toLonLat} from 'ol/proj.js';
import {register} from 'ol/proj/proj4.js';
import proj4 from 'proj4';
import {PageError} from './errors.js';

const MOST_SCREEN_PIXELS = 64; // of one map pixel, at the closest zoom
const LINK_SCREEN_PIXELS = 6; // of one map pixel, when a link opens at a place
const PADDING = [56, 24, 48, 64]; // keeps the map clear of the buttons on it

/** @typedef {import('./release.js').Grid} Grid */

/**
 * @param {HTMLElement} target
 * @param {Grid} grid
 */
export function createMap(target, grid) {
  requireWebGL();
  if (!getProjection(grid.crs)) {
    proj4.defs(grid.crs, grid.proj4);
    register(proj4);
  }
  const map = new OlMap({
    target,
    view: createView(grid),
    controls: [new Zoom(), new ScaleLine({minWidth: 80})],
    interactions: defaultInteractions({altShiftDragRotate: false, pinchRotate: false}),
  });
  fitAll(map, grid);
  return map;
}

function requireWebGL() {
  if (document.createElement('canvas').getContext('webgl')) return;
  throw new PageError(
    'This browser cannot draw the map: WebGL is switched off or missing.',
    'Switch on hardware acceleration in its settings, or use another browser. The downloads work without it.',
  );
}

/** @param {Grid} grid */
function createView(grid) {
  const [minX, minY, maxX, maxY] = grid.bounds;
  const around = buffer(grid.bounds, Math.max(maxX - minX, maxY - minY) / 2);
  return new View({
    projection: grid.crs,
    center: getCenter(grid.bounds),
    extent: around,
    constrainOnlyCenter: true,
    enableRotation: false,
    minResolution: Math.abs(grid.transform[0]) / MOST_SCREEN_PIXELS,
    maxResolution: Math.max(getWidth(around), getHeight(around)) / 200,
  });
}

/**
 * @param {OlMap} map
 * @param {Grid} grid
 */
export function fitAll(map, grid) {
  map.getView().fit(grid.bounds, {size: map.getSize(), padding: PADDING});
}

/**
 * Centre on a place of a link, close enough to tell pixels apart, unless the whole map already shows them.
 * @param {OlMap} map
 * @param {Grid} grid
 * @param {number[]} coordinate
 */
export function approach(map, grid, coordinate) {
  const view = map.getView();
  const wanted = Math.abs(grid.transform[0]) / LINK_SCREEN_PIXELS;
  if ((view.getResolution() ?? 0) <= wanted) return;
  view.setResolution(wanted);
  view.setCenter(coordinate);
}

/**
 * Column and row of the pixel that holds a coordinate of the grid, or null outside.
 * @param {Grid} grid
 * @param {number[]} coordinate
 * @returns {[number, number]|null}
 */
export function pixelAt(grid, coordinate) {
  const [width, , left, , height, top] = grid.transform;
  const column = Math.floor((coordinate[0] - left) / width);
  const row = Math.floor((coordinate[1] - top) / height);
  return containsCoordinate([0, 0, grid.width - 1, grid.height - 1], [column, row]) ? [column, row] : null;
}

/**
 * Lower left and upper right corner of a pixel.
 * @param {Grid} grid
 * @param {[number, number]} pixel column and row
 * @returns {[number, number, number, number]}
 */
export function pixelExtent(grid, [column, row]) {
  const [width, , left, , height, top] = grid.transform;
  return [left + column * width, top + (row + 1) * height, left + (column + 1) * width, top + row * height];
}

/**
 * Longitude and latitude of a pixel's centre, with as many digits as a pixel of a metre needs.
 * @param {Grid} grid
 * @param {[number, number]} pixel
 * @returns {[number, number]}
 */
export function lonLatOfPixel(grid, pixel) {
  const [longitude, latitude] = toLonLat(getCenter(pixelExtent(grid, pixel)), grid.crs);
  return [Number(longitude.toFixed(6)), Number(latitude.toFixed(6))];
}

/**
 * @param {Grid} grid
 * @param {[number, number]} lonLat
 */
export function coordinateOf(grid, lonLat) {
  return fromLonLat(lonLat, grid.crs);
}
