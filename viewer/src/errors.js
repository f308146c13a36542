/** Errors in plain words: what happened and what to do about it. */

import {byId, h} from './dom.js';

/** An error whose message a reader can act upon. */
export class PageError extends Error {
  /**
   * @param {string} message what happened
   * @param {string} remedy what to do
   * @param {unknown} [cause]
   */
  constructor(message, remedy, cause) {
    super(message, {cause});
    this.remedy = remedy;
  }
}

/**
 * Turn whatever was thrown into a PageError that names the file.
 * @param {unknown} error
 * @param {string} what the file or task, as a reader would call it
 * @returns {PageError}
 */
export function explain(error, what) {
  if (error instanceof PageError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  if (/full file|content-range|byte.?range/i.test(detail)) {
    return new PageError(
      `The server sends ${what} only as a whole, but the page needs parts of it (HTTP range requests).`,
      'Serve the folder with `mutirao serve`, or from a storage bucket.',
      error,
    );
  }
  return new PageError(
    `Could not read ${what}: ${detail}`,
    'Check that the file is in the release folder (`mutirao verify` does), then load the page again.',
    error,
  );
}

/** @param {unknown} error shown in the banner above the map */
export function showError(error) {
  const known = explain(error, 'the release');
  const banner = byId('error');
  const hide = () => { banner.hidden = true; };
  banner.replaceChildren(
    h('p', {}, h('strong', {text: known.message}), ' ', known.remedy),
    h('button', {type: 'button', class: 'plain', 'aria-label': 'Close this message', text: '×', onclick: hide}),
  );
  banner.hidden = false;
}
