/** Several pictures at once: a table of answers, and a CSV. */

import { faultWords, leastConfidence } from "./answer.js";
import { toCsv } from "./csv.js";
import { announce, byId, download, make } from "./page.js";
import { asFault, read } from "./reader.js";
import { percent, say } from "./words.js";

/**
 * @typedef {{file: File, name: string, reading?: import("./reader.js").Reading,
 *            fault?: import("./reader.js").Fault}} Row
 */

export class PictureTable {
  /** @type {Row[]} */ #rows = [];

  /** @param {(file: File, name: string) => void} open shows one picture in full */
  constructor(open) {
    this.open = open;
    byId("csv").addEventListener("click", () => this.#download());
    byId("close-pictures").addEventListener("click", () => this.#close());
  }

  /**
   * Reads pictures one after the other: each has the server's whole limit for itself, and the table fills at once.
   * @param {File[]} files @param {string | undefined} model
   */
  async read(files, model) {
    const rows = files.map((file) => ({ file, name: file.name }));
    this.#rows = rows;
    byId("pictures").hidden = false;
    this.render();
    byId("pictures-title").scrollIntoView({ block: "start" });
    for (const row of rows) {
      const isWanted = () => this.#rows === rows;
      await this.#fill(row, model, isWanted);
      if (!isWanted()) return;
      this.render();
    }
    announce(say("progress", rows.length, rows.length));
  }

  /** @param {Row} row @param {string | undefined} model @param {() => boolean} isWanted */
  async #fill(row, model, isWanted) {
    try {
      row.reading = await read(row.file, { model }, isWanted);
    } catch (error) {
      row.fault = asFault(error);
    }
  }

  render() {
    const done = this.#rows.filter((row) => row.reading || row.fault).length;
    byId("progress").textContent = say("progress", done, this.#rows.length);
    byId("csv").disabled = done < this.#rows.length;
    const focused = [...byId("picture-rows").querySelectorAll("button")].indexOf(document.activeElement);
    byId("picture-rows").replaceChildren(...this.#rows.map((row) => this.#line(row)));
    byId("picture-rows").querySelectorAll("button")[focused]?.focus();
  }

  #line({ file, name, reading, fault }) {
    const button = make("button", { type: "button", className: "link", textContent: name });
    button.addEventListener("click", () => this.open(file, name));
    const text = fault ? faultWords(fault) : (reading?.text ?? "…");
    const answer = make("td", { textContent: reading && !text ? say("nothing") : text });
    const confidence = make("td", { textContent: reading?.text ? percent(leastConfidence(reading)) : "" });
    return make("tr", {}, make("th", { scope: "row" }, button), answer, confidence);
  }

  #download() {
    const results = this.#rows.map(({ name, reading, fault }) => ({ name, reading, code: fault?.code }));
    download("readings.csv", toCsv(results));
  }

  #close() {
    this.#rows = [];
    byId("pictures").hidden = true;
    byId("choose").focus();
  }
}
