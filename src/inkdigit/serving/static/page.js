/** Small dealings with the document. */

/** @param {string} id @returns {HTMLElement} */
export const byId = (id) => document.getElementById(id);

/**
 * An element with properties; text only ever goes in as text, so no name of a file can become markup.
 * @param {string} tag
 * @param {Object<string, unknown>} [properties]
 * @param {...(Node|string)} children
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * Tells those who do not see the page; the same words twice are told twice.
 * @param {string} words
 */
export function announce(words) {
  const status = byId("status");
  status.textContent = status.textContent === words ? `${words}\u00a0` : words;
}

/** Hands a file to the browser's downloads. @param {string} name @param {Blob} blob */
export function download(name, blob) {
  const url = URL.createObjectURL(blob);
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download may start late
}
