/** The panel of areas: territory, chart, and the same numbers as a table. */

import {openAreas, sharesOf} from './areas.js';
import {drawChart} from './chart.js';
import {byId, h, onThemeChange, swatch} from './dom.js';
import {showError} from './errors.js';

/**
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 * @typedef {import('./areas.js').Territory} Territory
 */

const POINT_HINT = 'Point at the chart to read it, press it to choose a year.';
const number = new Intl.NumberFormat('en', {maximumFractionDigits: 1});

/**
 * @param {Release} release
 * @param {Store} store
 * @param {{setShares: (shares: Map<number, number>, place: string) => void}} legend
 * @returns {Promise<Territory[]>}
 */
export async function createAreaPanel(release, store, legend) {
  const url = release.tables.areas?.parquet;
  if (!url) return [];
  const {territories, read} = await openAreas(url);
  byId('areas').hidden = false;
  if (!territories.some(({key}) => key === store.get().territory)) store.set({territory: territories[0].key});
  fillSelect(territories, store);

  /** @type {import('./areas.js').Series} */
  let series = new Map();
  /** @type {import('uplot')|null} */
  let plot = null;
  const chosen = () => /** @type {Territory} */ (territories.find(({key}) => key === store.get().territory));

  const draw = () => {
    const {year, hidden} = store.get();
    const classes = release.legend.filter(({code}) => series.has(code) && !hidden.has(code));
    plot?.destroy();
    plot = drawChart(byId('chart'), {years: release.years, classes, series, year}, {
      onYear: (next) => store.set({year: next}),
      onPoint: (text) => { byId('chart-point').textContent = text || POINT_HINT; },
    });
    legend.setShares(sharesOf(series, year), chosen().name);
  };
  const load = async () => {
    const territory = chosen();
    const next = await read(territory);
    if (territory !== chosen()) return; // another one was chosen meanwhile
    series = next;
    fillTable(release, series);
    draw();
  };
  store.follow(['territory'], () => load().catch(showError));
  store.follow(['year', 'hidden', 'layer'], draw);
  onThemeChange(draw);
  new ResizeObserver(() => plot?.setSize({width: byId('chart').clientWidth, height: plot.height})).observe(byId('chart'));
  return territories;
}

/**
 * @param {Territory[]} territories
 * @param {Store} store
 */
function fillSelect(territories, store) {
  const select = byId('territory');
  const levels = [...new Set(territories.map(({level}) => level))];
  select.replaceChildren(...levels.flatMap((level) => {
    const options = territories.filter((item) => item.level === level)
      .map(({key, name}) => h('option', {value: key, text: name}));
    return level === 'all' ? options : [h('optgroup', {label: level}, ...options)];
  }));
  select.addEventListener('change', () => store.set({territory: select.value}));
  store.follow(['territory'], ({territory}) => { select.value = territory; });
}

/**
 * @param {Release} release
 * @param {import('./areas.js').Series} series
 */
function fillTable({legend, years}, series) {
  const columns = ['Class', ...years.map(String)];
  const head = h('tr', {}, ...columns.map((text) => h('th', {scope: 'col', text})));
  const rows = legend.filter(({code}) => series.has(code)).map(({code, name, color}) => h('tr', {},
    h('th', {scope: 'row'}, swatch(color), name),
    ...years.map((year) => h('td', {text: number.format(series.get(code)?.get(year) ?? 0)}))));
  const caption = h('caption', {text: 'Hectares by class and year'});
  byId('area-table').replaceChildren(caption, h('thead', {}, head), h('tbody', {}, ...rows));
}
