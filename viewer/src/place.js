/** The panel of the chosen pixel: its years, and why it is what it is. */

import {classOf} from './classes.js';
import {byId, h, swatch} from './dom.js';
import {showError} from './errors.js';
import {formatLonLat} from './format.js';
import {readFacts, readHistory, runsOf} from './inspect.js';
import {coordinateOf, pixelAt} from './map.js';
import {tracePanel} from './tracePanel.js';

/**
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 * @typedef {import('./inspect.js').Facts} Facts
 */

/**
 * @param {Release} release
 * @param {Store} store
 */
export function createPlacePanel(release, store) {
  const panel = byId('place');
  let turn = 0; // a slow answer for an older pixel must not overwrite a newer one

  const draw = async () => {
    const {at, year} = store.get();
    const mine = ++turn;
    byId('place-hint').hidden = at !== null;
    panel.hidden = at === null;
    if (!at) return;
    const pixel = pixelAt(release.grid, coordinateOf(release.grid, at));
    byId('place-title').textContent = formatLonLat(at);
    if (!pixel) return byId('place-body').replaceChildren(h('p', {text: 'This place is outside the map.'}));
    const [history, facts] = await Promise.all([readHistory(release, pixel), readFacts(release, pixel, year)]);
    if (mine !== turn) return;
    const trace = tracePanel(release, pixel, year);
    byId('place-body').replaceChildren(...body(release, history, facts, store), ...(trace ? [trace] : []));
    byId('status').textContent = spoken(release, history, year);
  };
  byId('place-close').addEventListener('click', () => store.set({at: null}));
  store.follow(['at', 'year'], () => draw().catch(showError));
}

/**
 * @param {Release} release
 * @param {number[]} history
 * @param {number} year
 */
function spoken(release, history, year) {
  return `${year}: ${classOf(release, history[release.years.indexOf(year)]).name}`;
}

/**
 * @param {Release} release
 * @param {number[]} history
 * @param {Facts} facts
 * @param {Store} store
 */
function body(release, history, facts, store) {
  const {year} = store.get();
  const now = classOf(release, history[release.years.indexOf(year)]);
  return [
    strip(release, history, store),
    h('ol', {class: 'runs', 'aria-label': 'Classes through the years'}, ...runsOf(release.years, history).map((run) => {
      const {name, color} = classOf(release, run.code);
      const years = run.first === run.last ? `${run.first}` : `${run.first}–${run.last}`;
      return h('li', {}, h('span', {class: 'years', text: years}), swatch(color), h('span', {text: name}));
    })),
    h('h3', {class: 'why-title', text: `Why, in ${year}`}),
    h('dl', {class: 'facts'},
      ...fact('Class', 'class', h('span', {class: 'now'}, swatch(now.color), now.name)),
      ...moduleFact(facts), ...ruleFact(facts), ...conflictFact(facts), ...filterFact(facts)),
  ];
}

/**
 * One coloured button a year.
 * @param {Release} release
 * @param {number[]} history
 * @param {Store} store
 */
function strip(release, history, store) {
  const {year: current} = store.get();
  const cells = release.years.map((year, index) => {
    const {name, color} = classOf(release, history[index]);
    const text = `${year}: ${name}`;
    return h('button', {
      type: 'button', title: text, 'aria-label': text, 'aria-current': year === current ? 'true' : null,
      'data-year': year, 'data-code': history[index], style: {'--color': color},
      onclick: () => store.set({year}),
    });
  });
  const ends = h('div', {class: 'strip-ends', 'aria-hidden': 'true'},
    h('span', {text: String(release.years[0])}), h('span', {text: String(release.years[release.years.length - 1])}));
  return h('div', {}, h('div', {class: 'strip', role: 'group', 'aria-label': 'Class of each year'}, ...cells), ends);
}

/**
 * @param {string} term
 * @param {string} id for tests and styles
 * @param {...(Node|string|null)} content
 */
function fact(term, id, ...content) {
  return [h('dt', {text: term}), h('dd', {'data-fact': id}, ...content)];
}

/** @param {Facts} facts */
function moduleFact({module}) {
  if (module === undefined) return [];
  if (module === null) return fact('Module', 'module', 'No module claimed this pixel.');
  const {name, organisation, version, kind, color} = module;
  return fact('Module', 'module', h('span', {class: 'now'}, swatch(color), name),
    h('small', {text: `${organisation} · ${kind} module, version ${version}`}));
}

/** @param {Facts} facts */
function ruleFact({rule}) {
  if (rule === undefined) return [];
  if (rule === null) return fact('Rule', 'rule', 'No rule took this pixel.');
  return fact('Rule', 'rule', h('code', {text: rule.rule}), h('small', {text: rule.why}));
}

/** @param {Facts} facts */
function conflictFact({conflicts}) {
  if (conflicts === undefined) return [];
  const words = ['No module claimed another class.', 'One module claimed another class.'];
  return fact('Other claims', 'conflict', words[conflicts] ?? `${conflicts} modules claimed other classes.`);
}

/** @param {Facts} facts */
function filterFact({filter}) {
  if (filter === undefined) return [];
  if (filter === null) return fact('Filters', 'filter', 'Not changed by a filter.');
  return fact('Filters', 'filter', `Changed by “${filter.title}”`, h('small', {text: `step ${filter.step}`}));
}
