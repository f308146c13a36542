/**
 * Hectares by class, year and territory, read from the release's Parquet table.
 *
 * @typedef {{key: string, level: string, id: string, name: string}} Territory
 * @typedef {Map<number, Map<number, number>>} Series class code to year to hectares
 */

import {cachedAsyncBuffer, parquetMetadataAsync, parquetReadObjects} from 'hyparquet';
import {explain} from './errors.js';
import {openRemoteFile} from './remoteFile.js';

/**
 * @param {string} url of areas.parquet, relative to the page
 */
export async function openAreas(url) {
  try {
    const file = cachedAsyncBuffer(await openRemoteFile(url));
    const metadata = await parquetMetadataAsync(file);
    return {
      territories: await readTerritories(file, metadata),
      read: (/** @type {Territory} */ territory) => readSeries(file, metadata, territory),
    };
  } catch (error) {
    throw explain(error, url);
  }
}

/**
 * @typedef {import('hyparquet').AsyncBuffer} AsyncBuffer
 * @typedef {import('hyparquet').FileMetaData} FileMetaData
 * @param {AsyncBuffer} file
 * @param {FileMetaData} metadata
 * @returns {Promise<Territory[]>} each once, in the order of the table
 */
async function readTerritories(file, metadata) {
  const columns = ['territory_level', 'territory_id', 'territory_name'];
  const rows = await parquetReadObjects({file, metadata, columns});
  /** @type {Map<string, Territory>} */
  const found = new Map();
  for (const {territory_level: level, territory_id: id, territory_name: name} of rows) {
    const key = `${level}/${id}`;
    if (!found.has(key)) found.set(key, {key, level: String(level), id: String(id), name: String(name)});
  }
  return [...found.values()];
}

/**
 * @param {AsyncBuffer} file
 * @param {FileMetaData} metadata
 * @param {Territory} territory
 * @returns {Promise<Series>}
 */
async function readSeries(file, metadata, {level, id}) {
  const columns = ['territory_level', 'territory_id', 'year', 'class_code', 'area_ha'];
  const rows = await parquetReadObjects({file, metadata, columns, filter: {territory_level: {$eq: level}}});
  /** @type {Series} */
  const series = new Map();
  for (const row of rows) {
    if (String(row.territory_id) !== id) continue; // ids may be numbers in the table
    const code = Number(row.class_code);
    if (!series.has(code)) series.set(code, new Map());
    series.get(code)?.set(Number(row.year), Number(row.area_ha));
  }
  return series;
}

/**
 * Share of each class in all mapped classes of a year.
 * @param {Series} series
 * @param {number} year
 * @returns {Map<number, number>}
 */
export function sharesOf(series, year) {
  const mapped = [...series].filter(([code]) => code !== 0)
    .map(([code, years]) => /** @type {[number, number]} */ ([code, years.get(year) ?? 0]));
  const total = mapped.reduce((sum, [, area]) => sum + area, 0);
  return new Map(mapped.map(([code, area]) => [code, total ? area / total : 0]));
}
