/** The address keeps year, layer and place, so that a link shows what its sender saw. */

/**
 * @param {string} hash such as `#year=2018&layer=class&at=22.15,45.2`
 * @param {{years: number[], layers: string[]}} known values; others are ignored
 * @returns {{year?: number, layer?: string, at?: [number, number]|null}}
 */
export function readHash(hash, {years, layers}) {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const year = Number(fields.get('year'));
  const layer = fields.get('layer') ?? '';
  const at = parseLonLat(fields.get('at') ?? '');
  return {
    ...(years.includes(year) && {year}),
    ...(layers.includes(layer) && {layer}),
    ...(at && {at}),
  };
}

/**
 * @param {import('./store.js').State} state
 * @returns {string}
 */
export function writeHash({year, layer, at}) {
  return `#year=${year}&layer=${layer}${at ? `&at=${at.join(',')}` : ''}`;
}

/**
 * Two numbers in degrees, longitude first, however they are parted.
 * @param {string} text
 * @returns {[number, number]|null} null if it is not a place on Earth
 */
export function parseLonLat(text) {
  const parts = text.trim().split(/[\s,;]+/).filter(Boolean);
  const [longitude, latitude] = parts.map(Number);
  const isPlace = parts.length === 2 && Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90;
  return isPlace ? [longitude, latitude] : null;
}
