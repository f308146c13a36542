/** Areas stacked by class through the years. */

import uPlot from 'uplot';
import {cssVariable} from './dom.js';
import {formatHectares, formatShort} from './format.js';

const HEIGHT = 200;

/**
 * @typedef {import('./areas.js').Series} Series
 * @typedef {{code: number, name: string, color: string}} ChartClass
 */

/**
 * @param {HTMLElement} target
 * @param {{years: number[], classes: ChartClass[], series: Series, year: number}} content
 * @param {{onYear: (year: number) => void, onPoint: (text: string) => void}} handlers
 * @returns {uPlot}
 */
export function drawChart(target, {years, classes, series, year}, {onYear, onPoint}) {
  const layers = stack(years, classes, series);
  const textUnder = (/** @type {uPlot} */ plot) => describe(plot, years, layers, series);
  const edge = cssVariable('--surface');
  const options = {
    width: target.clientWidth,
    height: HEIGHT,
    legend: {show: false},
    cursor: {points: {show: false}, y: false, drag: {x: false, y: false}},
    scales: {x: {time: false}, y: {range: fromZero}},
    axes: [axis(wholeYear), {...axis(formatShort), size: 52}],
    series: [{}, ...layers.map(({color}) => ({fill: color, stroke: edge, width: 1, points: {show: false}}))],
    hooks: {
      draw: [(/** @type {uPlot} */ plot) => markYear(plot, year)],
      setCursor: [(/** @type {uPlot} */ plot) => onPoint(textUnder(plot))],
      ready: [(/** @type {uPlot} */ plot) => plot.over.addEventListener('click', () => {
        if (typeof plot.cursor.idx === 'number') onYear(years[plot.cursor.idx]);
      })],
    },
  };
  const data = [years, ...layers.map(({tops}) => tops)];
  return new uPlot(/** @type {any} */ (options), /** @type {any} */ (data), target);
}

/**
 * Upper edge of each class, highest first: each is then filled to zero and covered by the next.
 * @param {number[]} years
 * @param {ChartClass[]} classes the first one comes to lie on top
 * @param {Series} series
 */
function stack(years, classes, series) {
  const sums = years.map(() => 0);
  const layers = [...classes].reverse().map(({code, name, color}) => {
    years.forEach((year, index) => { sums[index] += series.get(code)?.get(year) ?? 0; });
    return {code, name, color, tops: [...sums]};
  });
  return layers.reverse();
}

/** @param {(value: number) => string} format of a tick */
function axis(format) {
  const line = {stroke: cssVariable('--line'), width: 1};
  const values = (/** @type {uPlot} */ _, /** @type {number[]} */ ticks) => ticks.map(format);
  return {stroke: cssVariable('--muted'), font: '12px system-ui, sans-serif', grid: line, ticks: line, values};
}

/**
 * @param {uPlot} _
 * @param {number} __
 * @param {number} high
 */
function fromZero(_, __, high) {
  return [0, high || 1];
}

/** @param {number} value */
function wholeYear(value) {
  return Number.isInteger(value) ? String(value) : '';
}

/**
 * @param {uPlot} plot
 * @param {number} year
 */
function markYear({ctx, bbox, valToPos}, year) {
  const x = Math.round(valToPos(year, 'x', true));
  ctx.save();
  ctx.strokeStyle = cssVariable('--ink');
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/**
 * Year, class and hectares under the pointer.
 * @param {uPlot} plot
 * @param {number[]} years
 * @param {ReturnType<typeof stack>} layers
 * @param {Series} series
 */
function describe(plot, years, layers, series) {
  const {idx, top} = plot.cursor;
  if (typeof idx !== 'number' || top === undefined || top < 0) return '';
  const level = plot.posToVal(top, 'y');
  const under = layers.filter(({tops}) => tops[idx] >= level).pop();
  if (!under) return String(years[idx]);
  return `${years[idx]} · ${under.name} · ${formatHectares(series.get(under.code)?.get(years[idx]) ?? 0)}`;
}
