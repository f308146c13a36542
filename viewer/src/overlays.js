/** What is drawn over the rasters: territory outlines and the chosen pixel. */

import Feature from 'ol/Feature.js';
import GeoJSON from 'ol/format/GeoJSON.js';
import Point from 'ol/geom/Point.js';
import {fromExtent} from 'ol/geom/Polygon.js';
import VectorLayer from 'ol/layer/Vector.js';
import VectorSource from 'ol/source/Vector.js';
import CircleStyle from 'ol/style/Circle.js';
import Stroke from 'ol/style/Stroke.js';
import Style from 'ol/style/Style.js';
import {getCenter} from 'ol/extent.js';
import {cssVariable, h, onThemeChange} from './dom.js';
import {coordinateOf, pixelAt, pixelExtent} from './map.js';
import {fetchJson} from './release.js';

/**
 * @typedef {import('ol/Map.js').default} OlMap
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 */

/**
 * Territory outlines, with the name under the pointer.
 * @param {OlMap} map
 * @param {Release} release
 * @param {Store} store
 * @returns {Promise<VectorSource|null>} null if the release has no territories
 */
export async function createOutlines(map, release, store) {
  if (!release.territories) return null;
  // The coordinates are already in the grid's CRS; the file may not say so in a way that OpenLayers reads.
  const format = new GeoJSON({dataProjection: release.grid.crs, featureProjection: release.grid.crs});
  const collection = await fetchJson(release.territories);
  delete collection.crs;
  const source = new VectorSource({features: format.readFeatures(collection)});
  const layer = new VectorLayer({source, zIndex: 10, style: outlineStyle()});
  onThemeChange(() => layer.setStyle(outlineStyle()));
  store.follow(['outlines'], ({outlines}) => layer.setVisible(outlines));
  map.addLayer(layer);
  nameUnderPointer(map, source, store);
  return source;
}

/** Two lines, dark on light, stay visible over every class colour. */
function outlineStyle() {
  return [
    new Style({stroke: new Stroke({color: cssVariable('--outline-halo'), width: 3.5})}),
    new Style({stroke: new Stroke({color: cssVariable('--outline'), width: 1.4})}),
  ];
}

/**
 * @param {OlMap} map
 * @param {VectorSource} source
 * @param {Store} store
 */
function nameUnderPointer(map, source, store) {
  const label = h('div', {class: 'map-label', 'aria-hidden': 'true', hidden: true});
  const viewport = /** @type {HTMLElement} */ (map.getViewport());
  viewport.append(label);
  map.on('pointermove', (event) => {
    const names = store.get().outlines && !event.dragging
      ? source.getFeaturesAtCoordinate(event.coordinate).map((feature) => feature.get('name')) : [];
    label.textContent = [...new Set(names)].join(' · ');
    label.hidden = names.length === 0;
    const [x, y] = event.pixel;
    label.style.transform = `translate(${x + 14}px, ${y + 14}px)`;
  });
  viewport.addEventListener('pointerleave', () => { label.hidden = true; });
}

/**
 * The chosen pixel: its outline, and a ring that can be seen when the pixel is small.
 * @param {OlMap} map
 * @param {Release} release
 * @param {Store} store
 */
export function createMarker(map, release, store) {
  const source = new VectorSource();
  map.addLayer(new VectorLayer({source, zIndex: 20, style: markerStyle}));
  store.follow(['at'], ({at}) => {
    source.clear();
    const pixel = at && pixelAt(release.grid, coordinateOf(release.grid, at));
    if (!pixel) return;
    const extent = pixelExtent(release.grid, pixel);
    source.addFeatures([new Feature(fromExtent(extent)), new Feature(new Point(getCenter(extent)))]);
  });
}

/** @param {import('ol/Feature.js').FeatureLike} feature */
function markerStyle(feature) {
  const strokes = [new Stroke({color: '#fff', width: 4}), new Stroke({color: '#111', width: 2})];
  const geometry = feature.getGeometry();
  if (geometry?.getType() !== 'Point') return strokes.map((stroke) => new Style({stroke}));
  return strokes.map((stroke) => new Style({image: new CircleStyle({radius: 11, stroke})}));
}
