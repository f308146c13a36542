/**
 * What the reader chose. Every part of the page reads it and is told when it changes.
 *
 * @typedef {Object} State
 * @property {number} year
 * @property {string} layer id of a map layer: class, source, conflict or filter
 * @property {ReadonlySet<number>} hidden class codes that are switched off
 * @property {[number, number]|null} at longitude and latitude of the chosen pixel
 * @property {string} territory `level/id` of the territory whose areas are shown
 * @property {boolean} outlines whether territory outlines are drawn
 *
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** @param {State} initial */
export function createStore(initial) {
  let state = initial;
  /** @type {{keys: (keyof State)[], run: (state: State) => void}[]} */
  const listeners = [];

  return {
    get: () => state,

    /** @param {Partial<State>} patch */
    set(patch) {
      const names = /** @type {(keyof State)[]} */ (Object.keys(patch));
      const changed = names.filter((name) => patch[name] !== state[name]);
      if (!changed.length) return;
      state = {...state, ...patch};
      for (const {keys, run} of listeners) if (keys.some((key) => changed.includes(key))) run(state);
    },

    /**
     * Call `run` now and whenever one of `keys` changes.
     * @param {(keyof State)[]} keys
     * @param {(state: State) => void} run
     */
    follow(keys, run) {
      listeners.push({keys, run});
      run(state);
    },
  };
}
