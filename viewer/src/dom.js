/** Small helpers to make page elements. All text goes in as text, never as markup. */

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `class`, `text`, `style` (object), `on*` handlers, or plain attributes
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {any} value
 */
function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === 'text') element.textContent = value;
  else if (name === 'style') for (const [key, item] of Object.entries(value)) element.style.setProperty(key, item);
  else if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else element.setAttribute(name, value === true ? '' : String(value));
}

/**
 * The element with this id; a missing one is a mistake in index.html.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element with the id ${id}`);
  return element;
}

/**
 * A colour sample; the text beside it says the name, so readers skip it.
 * @param {string} color
 */
export function swatch(color) {
  return h('span', {class: 'swatch', 'aria-hidden': 'true', style: {'--color': color}});
}

/**
 * The current value of a colour or size in style.css.
 * @param {string} name
 */
export function cssVariable(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @param {() => void} run called when the reader's system turns dark or light */
export function onThemeChange(run) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', run);
}
