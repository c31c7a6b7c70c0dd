/** Asks the server; the only place that sends anything, and only to where the page came from. */

/**
 * @typedef {{value: number, confidence: number}} Guess
 * @typedef {{x: number, y: number, width: number, height: number}} Box in pixels of the upright picture
 * @typedef {{value: number, confidence: number, box: Box, sure: boolean, refused: boolean, reason: string | null,
 *            alternatives: Guess[]}} Digit
 * @typedef {{text: string, digits: Digit[]}} Line
 * @typedef {{source: string, width: number, height: number, text: string, lines: Line[]}} Reading
 * @typedef {{reading: Reading, seen: string[], maps?: Object<string, string[]>}} Explanation pictures are data: URLs
 * @typedef {{name: string, card: Object<string, unknown>, default: boolean}} Model
 */

const PATIENCE_MS = 30_000;
const TRIES = 6;
const USUAL_MAX_BYTES = 8 * 2 ** 20;

/** What a proxy answers while the server behind it is not there. */
const FROM_PROXY = new Set([502, 504]);

/** What went wrong, by a code for which the page has words. */
export class Fault extends Error {
  /** @param {string} code @param {string} [message] of the server */
  constructor(code, message = "") {
    super(message);
    this.code = code;
  }
}

/** An error as a fault; what is none is a mistake of ours, and thrown. @param {unknown} error @returns {Fault} */
export function asFault(error) {
  if (error instanceof Fault) return error;
  throw error;
}

/** @returns {Promise<Model[]>} those that the server has open */
export const fetchModels = () => answer(send("models"));

/**
 * Reads a picture and shows what the network saw.
 * @param {Blob} picture
 * @param {{model?: string, digit?: number}} options digit: whose feature maps are wanted, in reading order from 0
 * @param {(seconds: number) => boolean} onBusy told before each wait; false gives up
 * @returns {Promise<Explanation>}
 */
export const explain = (picture, options, onBusy) => post("explain", options, picture, onBusy);

/** Reads a picture. @returns {Promise<Reading>} */
export const read = (picture, options, onBusy) => post("read", options, picture, onBusy);

async function post(path, options, picture, onBusy = () => true) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  // The server finds out what a picture is; the browser only guesses it from the name.
  const headers = { "Content-Type": "application/octet-stream" };
  for (let tried = 1; ; tried++) {
    const response = await send(address, { method: "POST", headers, body: picture });
    if (response.status !== 503) return answer(response);
    const seconds = Number(response.headers.get("Retry-After")) || 1;
    if (tried === TRIES || !onBusy(seconds)) throw new Fault("overloaded");
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
}

async function send(address, request = {}) {
  try {
    return await fetch(address, { ...request, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    if (error.name === "TimeoutError") throw new Fault("timeout");
    // A server cuts the line in the middle of a body that is too large, which looks like one that is gone.
    if (request.body?.size > USUAL_MAX_BYTES) throw new Fault("too_large");
    // So does a folder: it is dropped as a file, which cannot be read.
    await request.body?.arrayBuffer().catch(() => {
      throw new Fault("unreadable");
    });
    throw new Fault("gone");
  }
}

async function answer(promise) {
  const response = await promise;
  const values = await response.json().catch(() => null);
  if (response.ok && values !== null) return values;
  if (response.status === 413) throw new Fault("too_large");
  if (FROM_PROXY.has(response.status)) throw new Fault("gone");
  throw new Fault(values?.error?.code ?? "failed", values?.error?.message ?? `HTTP ${response.status}`);
}

/**
 * One job at a time, and of those that come meanwhile only the newest.
 * @template T
 * @param {(job: T, isNewest: () => boolean) => Promise<void>} work
 * @returns {(job: T) => Promise<void>}
 */
export function newestWins(work) {
  /** @type {{job: T} | null} */ let next = null;
  let isRunning = false;
  return async (job) => {
    next = { job };
    if (isRunning) return;
    isRunning = true;
    try {
      while (next) {
        const taken = next.job;
        next = null;
        await work(taken, () => next === null);
      }
    } finally {
      isRunning = false;
    }
  };
}
