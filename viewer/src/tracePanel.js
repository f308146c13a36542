/** "Every claim and rule": what each module claims of the chosen pixel, and what became of each rule. */

import {classOf} from './classes.js';
import {h, swatch} from './dom.js';
import {showError} from './errors.js';
import {valueName} from './explain.js';
import {readExplanation} from './inspect.js';
import {yearly} from './release.js';

/**
 * @typedef {import('./release.js').Release} Release
 * @typedef {import('./explain.js').Explanation} Explanation
 */

const SIGNS = {decides: '✓', 'does not hold': '✗', 'steps back': '↷'};
let isOpen = false; // a reader who opened it goes on reading in the next year and at the next place

/**
 * The claims are read when the reader asks for them.
 * @param {Release} release
 * @param {[number, number]} pixel
 * @param {number} year
 * @returns {HTMLElement|null} null if the release keeps no claims
 */
export function tracePanel(release, pixel, year) {
  if (!yearly(release, 'claims', year)) return null;
  const content = h('div', {'aria-live': 'polite'});
  const panel = h('details', {class: 'trace', open: isOpen}, h('summary', {text: 'Every claim and rule'}), content);
  const fill = async () => content.replaceChildren(...trace(release, await readExplanation(release, pixel, year)));
  panel.addEventListener('toggle', () => {
    isOpen = /** @type {HTMLDetailsElement} */ (panel).open;
    if (isOpen && !content.childElementCount) fill().catch(showError);
  });
  return panel;
}

/**
 * @param {Release} release
 * @param {Explanation} explanation
 */
function trace(release, {claims, layers, tried, rule}) {
  const claimed = Object.entries(claims).map(([module, code]) => h('li', {'data-module': module},
    swatch(classOf(release, code).color), h('code', {text: module}), h('span', {text: valueName(release, module, code)})));
  const values = Object.entries(layers).map(([layer, value]) => h('li', {},
    h('code', {text: layer}), h('span', {text: valueName(release, layer, value)})));
  const later = release.rules.length - tried.length;
  return [
    h('ul', {class: 'bare claims', 'aria-label': 'Claims'}, ...claimed, ...values),
    h('ol', {class: 'bare rules', 'aria-label': 'Rules in order'}, ...tried.map(ruleItem)),
    rule === null ? h('p', {text: 'No rule takes this pixel.'}) : null,
    later ? h('p', {class: 'hint', text: `${later} later ${later === 1 ? 'rule is' : 'rules are'} not needed.`}) : null,
  ].filter((item) => item !== null);
}

/** @param {Explanation['tried'][number]} tried */
function ruleItem({rule, number, verdict, words}) {
  return h('li', {'data-rule': rule, 'data-verdict': verdict},
    h('span', {class: 'sign', role: 'img', 'aria-label': verdict, text: SIGNS[verdict]}),
    h('div', {}, h('strong', {text: `${number} ${rule}`}), ...words.map((text) => h('small', {text}))));
}
