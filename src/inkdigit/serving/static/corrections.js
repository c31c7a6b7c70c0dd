/** What digits really were, kept in the browser. */

import { zip } from "./zip.js";

/**
 * @typedef {{id?: number, value: number, read: string, image: string, at: number}} Correction
 *   image: data: URL of the PNG that the network saw, which training takes as it is; at: ms since 1970
 */

const STORE = "corrections";

/** A table in the browser's database; where it refuses, one that lasts as long as the page. */
export class Corrections {
  /** @type {Promise<IDBDatabase | null>} */ #database = open().catch(() => null);
  /** @type {Map<number, Correction>} */ #unkept = new Map();

  /** Whether they outlast the page. */
  async areKept() {
    return (await this.#database) !== null;
  }

  /**
   * Adds a correction, or replaces that with its id.
   * @param {Correction} correction @returns {Promise<number>} its id
   */
  async put(correction) {
    const store = await this.#store();
    if (store) return settled(store.put(correction));
    const id = correction.id ?? 1 + Math.max(0, ...this.#unkept.keys());
    this.#unkept.set(id, { ...correction, id });
    return id;
  }

  /** @returns {Promise<Correction[]>} oldest first */
  async list() {
    const store = await this.#store();
    return store ? settled(store.getAll()) : [...this.#unkept.values()];
  }

  /** @param {number} id */
  async remove(id) {
    this.#unkept.delete(id);
    const store = await this.#store();
    if (store) await settled(store.delete(id));
  }

  async removeAll() {
    this.#unkept.clear();
    const store = await this.#store();
    if (store) await settled(store.clear());
  }

  async #store() {
    const database = await this.#database;
    return database?.transaction(STORE, "readwrite").objectStore(STORE);
  }
}

function open() {
  const request = indexedDB.open("inkdigit", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
  return settled(request);
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Labelled data: pictures in folders 0/ … 9/. @param {Correction[]} corrections @returns {Blob} a zip */
export function pack(corrections) {
  const entries = corrections.map(({ id, value, image, at }) => {
    // Of the same name in each download, so that unpacking two of them doubles nothing.
    return { name: `${value}/${at}-${id}.png`, bytes: decode(image), at: new Date(at) };
  });
  return zip(entries);
}

/** The bytes of a base64 data: URL. @param {string} url */
const decode = (url) => Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => letter.charCodeAt(0));
