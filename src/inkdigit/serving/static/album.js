/** The list of corrections on the page. */

import { pack } from "./corrections.js";
import { announce, byId, download, make } from "./page.js";
import { say } from "./words.js";

export class Album {
  /**
   * @param {import("./corrections.js").Corrections} corrections
   * @param {(left: Set<number>) => void} onRemoved told the ids of those that remain
   */
  constructor(corrections, onRemoved) {
    Object.assign(this, { corrections, onRemoved });
    this.list = byId("album");
    byId("download").addEventListener("click", async () => download("corrections.zip", pack(await corrections.list())));
    byId("forget").addEventListener("click", () => this.#forget());
  }

  #forget() {
    if (confirm(say("forgetSure"))) this.#remove(() => this.corrections.removeAll());
  }

  /** @returns {Promise<Set<number>>} the ids of what is shown */
  async show() {
    const all = await this.corrections.list();
    byId("corrections").hidden = all.length === 0;
    this.list.replaceChildren(...all.map((correction) => this.#item(correction)));
    return new Set(all.map(({ id }) => id));
  }

  /** @param {import("./corrections.js").Correction} correction */
  #item({ id, value, read, image }) {
    const picture = make("img", { src: image, alt: say("correction", value, read), width: 56, height: 56 });
    const button = make("button", { type: "button", className: "quiet", textContent: "×" });
    button.setAttribute("aria-label", say("remove", value));
    button.addEventListener("click", () => this.#remove(() => this.corrections.remove(id)));
    return make("li", {}, picture, make("b", { textContent: value, ariaHidden: "true" }), button);
  }

  /** @param {() => Promise<void>} act */
  async #remove(act) {
    await act();
    this.onRemoved(await this.show());
    announce(say("removed"));
    (this.list.querySelector("button") ?? byId("sheet")).focus(); // the button that had it is gone
  }
}
