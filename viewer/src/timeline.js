/** The year: slider, play button, arrow keys. */

import {byId, h} from './dom.js';

const PLAY_INTERVAL_MS = 900;
const MOST_TICK_LABELS = 9;

/**
 * @typedef {import('./store.js').Store} Store
 * @param {number[]} years
 * @param {Store} store
 * @param {() => Promise<unknown>} drawn resolves when the map shows the current year
 */
export function createTimeline(years, store, drawn) {
  const slider = byId('year-slider');
  const play = byId('play');
  let isPlaying = false;

  slider.max = String(years.length - 1);
  slider.addEventListener('input', () => store.set({year: years[Number(slider.value)]}));
  byId('ticks').replaceChildren(...years.map((year, index) => tick(year, index, years.length)));

  store.follow(['year'], ({year}) => {
    slider.value = String(years.indexOf(year));
    slider.setAttribute('aria-valuetext', String(year));
    byId('year-now').textContent = String(year);
  });

  const step = (/** @type {number} */ by) => {
    const next = (years.indexOf(store.get().year) + by + years.length) % years.length;
    store.set({year: years[next]});
  };
  const setPlaying = (/** @type {boolean} */ on) => {
    isPlaying = on;
    play.setAttribute('aria-pressed', String(on));
    play.setAttribute('aria-label', on ? 'Pause' : 'Play the years');
    play.classList.toggle('playing', on);
  };
  const run = async () => {
    while (isPlaying) {
      step(1);
      await Promise.all([drawn(), pause(PLAY_INTERVAL_MS)]);
    }
  };
  play.disabled = years.length < 2;
  play.addEventListener('click', () => {
    setPlaying(!isPlaying);
    if (isPlaying) run();
  });
  slider.addEventListener('pointerdown', () => setPlaying(false));
  document.addEventListener('keydown', (event) => {
    if (event.target !== document.body) return; // focused controls have their own use for the arrows
    if (event.key === 'ArrowLeft') step(-1);
    if (event.key === 'ArrowRight') step(1);
  });
}

/**
 * @param {number} year
 * @param {number} index
 * @param {number} count
 */
function tick(year, index, count) {
  const every = Math.ceil(count / MOST_TICK_LABELS);
  const isLast = index === count - 1;
  const isNamed = isLast || (index % every === 0 && count - 1 - index >= every); // keeps clear of the last label
  const share = count > 1 ? index / (count - 1) : 0;
  return h('span', {class: 'tick', style: {'--share': share}, text: isNamed ? String(year) : ''});
}

/** @param {number} milliseconds */
function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}
