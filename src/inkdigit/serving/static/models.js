/** Several models side by side. */

import { faultWords, leastConfidence } from "./answer.js";
import { byId, make } from "./page.js";
import { asFault, Fault, fetchModels, read } from "./reader.js";
import { percent, rate, say } from "./words.js";

export class ModelTable {
  /** @type {import("./reader.js").Model[]} */ #models = [];
  /** @type {Map<string, import("./reader.js").Reading | Fault>} */ #results = new Map();
  /** @type {string | undefined} the server's default until another is chosen */ chosen;

  /** @param {() => void} onChoose */
  constructor(onChoose) {
    this.onChoose = onChoose;
  }

  /** Learns what there is to compare; a page without a server says so when something is drawn. */
  async load() {
    this.#models = await fetchModels().catch(() => []);
    this.#models = this.#models.length > 1 ? this.#models : [];
    this.chosen = this.#models.find((model) => model.default)?.name;
    byId("models").hidden = !this.#models.length;
    this.render();
  }

  /**
   * Reads a picture with those that are not chosen.
   * @param {Blob} picture @param {import("./reader.js").Reading} reading of the chosen one
   * @param {() => boolean} isNewest
   */
  async compare(picture, reading, isNewest) {
    if (!this.#models.length) return;
    this.#results = new Map([[this.chosen, reading]]);
    this.render();
    for (const { name } of this.#models) {
      if (name === this.chosen) continue;
      if (!isNewest()) return;
      this.#results.set(name, await read(picture, { model: name }, isNewest).catch(asFault));
      this.render();
    }
  }

  clear() {
    this.#results.clear();
    this.render();
  }

  render() {
    const rows = this.#models.map((model) => this.#row(model));
    const hadFocus = byId("model-rows").contains(document.activeElement);
    byId("model-rows").replaceChildren(...rows);
    if (hadFocus) byId("model-rows").querySelector(":checked").focus();
  }

  #row({ name, card }) {
    const radio = make("input", { type: "radio", name: "model", value: name, checked: name === this.chosen });
    radio.addEventListener("change", () => {
      this.chosen = name;
      this.onChoose();
    });
    const title = make("th", { scope: "row" }, make("label", {}, radio, " ", name));
    const accuracy = card?.test_accuracy;
    const cells = [...this.#told(this.#results.get(name)), accuracy ? rate(Number(accuracy)) : "–"];
    return make("tr", {}, title, ...cells.map((textContent) => make("td", { textContent })));
  }

  /** @param {import("./reader.js").Reading | Fault | undefined} result */
  #told(result) {
    if (!result) return ["", ""];
    if (result instanceof Fault) return [faultWords(result), ""];
    return result.text ? [result.text, percent(leastConfidence(result))] : [say("nothing"), ""];
  }
}
