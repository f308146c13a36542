/** The layer switch and the legend of the layer. */

import {byId, h, swatch} from './dom.js';
import {formatShare} from './format.js';
import {legendEntriesOf, themesOf} from './themes.js';

/**
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./store.js').Store} Store
 * @typedef {import('./themes.js').Entry} Entry
 */

/**
 * @param {Release} release
 * @param {Store} store
 */
export function createLayerSwitch(release, store) {
  const themes = themesOf(release);
  const radios = themes.map(({id, title}) => h('label', {},
    h('input', {type: 'radio', name: 'layer', value: id, onchange: () => store.set({layer: id})}),
    h('span', {text: title})));
  byId('layer-switch').append(...radios);
  store.follow(['layer'], ({layer}) => {
    radios.forEach((radio, index) => { /** @type {any} */ (radio.firstChild).checked = themes[index].id === layer; });
    byId('layer-hint').textContent = themes.find(({id}) => id === layer)?.hint ?? '';
  });
}

/**
 * @param {Release} release
 * @param {Store} store
 * @returns {{setShares: (shares: Map<number, number>, place: string) => void}}
 */
export function createLegend(release, store) {
  const list = byId('legend');
  /** @type {Map<number, number>} */
  let shares = new Map();
  let sharesOfWhat = '';

  const draw = () => {
    const {layer, hidden} = store.get();
    const entries = legendEntriesOf(release, layer);
    const row = (/** @type {Entry} */ entry) => (layer === 'class'
      ? classRow(entry, hidden, shares.get(entry.code), store) : plainRow(entry));
    const groups = groupsOf(entries).map(([name, members]) => groupBlock(name, members, row,
      layer === 'class' ? () => toggle(store, members.map(({code}) => code)) : null));
    list.replaceChildren(...groups, ...(layer === 'conflict' || layer === 'filter' ? [quietRow(layer)] : []));
    byId('legend-shares').textContent = layer === 'class' ? sharesOfWhat : '';
    byId('show-all').hidden = layer !== 'class' || hidden.size === 0;
  };
  byId('show-all').addEventListener('click', () => store.set({hidden: new Set()}));
  store.follow(['layer', 'hidden'], draw);
  return {
    setShares(next, place) {
      shares = next;
      sharesOfWhat = next.size ? `Shares of the mapped area of “${place}” in ${store.get().year}.` : '';
      draw();
    },
  };
}

/**
 * Entries by group, both in the order in which they come.
 * @param {Entry[]} entries
 * @returns {[string, Entry[]][]}
 */
function groupsOf(entries) {
  /** @type {Map<string, Entry[]>} */
  const groups = new Map();
  for (const entry of entries) {
    const name = entry.group ?? '';
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups];
}

/**
 * @param {string} name
 * @param {Entry[]} members
 * @param {(entry: Entry) => HTMLElement} row
 * @param {(() => void)|null} onToggle
 */
function groupBlock(name, members, row, onToggle) {
  const isItself = members.length === 1 && members[0].name === name; // a top class without children needs no heading
  const title = name && !isItself ? h('h3', {}, onToggle
    ? h('button', {type: 'button', class: 'plain', title: `Hide or show all of ${name}`, text: name, onclick: onToggle})
    : name) : null;
  return h('li', {class: 'group'}, title, h('ul', {}, ...members.map((entry) => h('li', {}, row(entry)))));
}

/**
 * @param {Entry} entry
 * @param {ReadonlySet<number>} hidden
 * @param {number|undefined} share
 * @param {Store} store
 */
function classRow({code, name, color}, hidden, share, store) {
  const press = () => {
    toggle(store, [code]);
    // The list was drawn anew: give the keyboard its place back.
    /** @type {HTMLElement|null} */ (document.querySelector(`#legend [data-code="${code}"]`))?.focus();
  };
  const isShown = String(!hidden.has(code));
  return h('button', {type: 'button', class: 'class-row', 'data-code': code, 'aria-pressed': isShown, onclick: press},
    swatch(color), h('span', {class: 'name', text: name}),
    h('span', {class: 'share', text: share === undefined ? '' : formatShare(share)}));
}

/** @param {Entry} entry */
function plainRow({name, color, detail}) {
  return h('div', {class: 'plain-row'}, swatch(color),
    h('span', {class: 'name'}, name, detail ? h('small', {text: detail}) : null));
}

/** @param {string} layer */
function quietRow(layer) {
  const name = layer === 'conflict' ? 'All claims agree, or there is one only' : 'As the integration left it';
  return h('li', {class: 'group'}, plainRow({code: 0, name, color: 'var(--quiet)'}));
}

/**
 * Hide the codes if any of them is shown, else show them.
 * @param {Store} store
 * @param {number[]} codes
 */
function toggle(store, codes) {
  const hidden = new Set(store.get().hidden);
  const isShown = codes.some((code) => !hidden.has(code));
  for (const code of codes) isShown ? hidden.add(code) : hidden.delete(code);
  store.set({hidden});
}
