/** Numbers and places as people read them. */

const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const fine = new Intl.NumberFormat('en', {maximumFractionDigits: 2});

/** @param {number} hectares */
export function formatHectares(hectares) {
  return `${(hectares < 100 ? fine : whole).format(hectares)} ha`;
}

/** @param {number} hectares, shortened for an axis */
export function formatShort(hectares) {
  if (hectares >= 1e6) return `${fine.format(hectares / 1e6)} M`;
  if (hectares >= 1e4) return `${fine.format(hectares / 1e3)} k`;
  return fine.format(hectares);
}

/** @param {number} share from 0 to 1 */
export function formatShare(share) {
  if (share > 0 && share < 0.001) return '< 0.1 %';
  return `${(share * 100).toFixed(1)} %`;
}

/** @param {[number, number]} lonLat */
export function formatLonLat([longitude, latitude]) {
  const north = latitude < 0 ? 'S' : 'N';
  const east = longitude < 0 ? 'W' : 'E';
  return `${Math.abs(latitude).toFixed(5)}° ${north}, ${Math.abs(longitude).toFixed(5)}° ${east}`;
}
