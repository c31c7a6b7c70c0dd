/** The answer: what was read, how sure, and what else each digit may be. */

import { byId, make } from "./page.js";
import { canSay, least, percent, say } from "./words.js";

const SHOWN_GUESSES = 4;

/** @param {import("./reader.js").Reading} reading */
export const digitsOf = (reading) => reading.lines.flatMap((line) => line.digits);

/** How sure the whole is, in words. @param {import("./reader.js").Reading} reading */
export function verdict(reading) {
  const digits = digitsOf(reading);
  if (!digits.length) return say("nothing");
  const refused = digits.filter((digit) => digit.refused);
  if (refused.length && digits.length === 1) return reasonWords(refused[0]);
  if (refused.length) return say("someRefused", refused.length);
  const share = leastConfidence(reading);
  return digits.length === 1 ? say("verdict", percent(share)) : say("leastSure", least(share));
}

/** Why a digit is not told, or not as it looks. @param {import("./reader.js").Digit} digit */
const reasonWords = ({ reason }) => (canSay(`reason_${reason}`) ? say(`reason_${reason}`) : "");

/** @param {import("./reader.js").Reading} reading */
export const leastConfidence = (reading) => Math.min(...digitsOf(reading).map((digit) => digit.confidence));

/** A fault in words. @param {import("./reader.js").Fault} fault */
export function faultWords({ code, message }) {
  return canSay(`fault_${code}`) ? say(`fault_${code}`) : say("failed", message);
}

/** What is told to those who listen. @param {import("./reader.js").Reading} reading */
export function spoken(reading) {
  if (!reading.text) return verdict(reading);
  const text = reading.text.replaceAll("?", ` ${say("unread")} `).replaceAll("\n", ", ");
  return say("spoken", text, verdict(reading));
}

/** The big digits; each is a button that chooses it. */
export class Answer {
  /** @param {(place: number) => void} choose */
  constructor(choose) {
    this.choose = choose;
    [this.root, this.lines, this.verdict, this.fault] = ["answer", "lines", "verdict", "fault"].map(byId);
  }

  /** @param {import("./reader.js").Reading} reading @param {number} chosen */
  show(reading, chosen) {
    this.#settle("", verdict(reading));
    const count = digitsOf(reading).length;
    let place = 0;
    const lines = reading.lines.map((line) => {
      const buttons = line.digits.map((digit) => this.#button(digit, place++, count, chosen));
      return make("div", { className: "line" }, ...buttons);
    });
    const hadFocus = this.lines.contains(document.activeElement);
    this.lines.replaceChildren(...lines);
    if (hadFocus) this.lines.querySelectorAll("button")[chosen]?.focus();
    if (!count) this.verdict.append(" ", say("nothingHelp"));
    const longest = Math.max(1, ...reading.lines.map((line) => line.digits.length));
    this.lines.style.setProperty("--digits", longest);
  }

  #button(digit, place, count, chosen) {
    const button = make("button", { type: "button", textContent: digit.refused ? "?" : digit.value });
    const key = digit.refused ? "refusedLabel" : "digitLabel";
    button.setAttribute("aria-label", say(key, place + 1, count, digit.value, percent(digit.confidence)));
    button.setAttribute("aria-pressed", place === chosen);
    button.classList.toggle("refused", digit.refused);
    button.addEventListener("click", () => this.choose(place));
    return button;
  }

  /** @param {string} key of what is said in place of an answer */
  showBlank(key) {
    this.#settle("", say(key));
    this.lines.replaceChildren();
    this.root.classList.add("blank");
  }

  /** @param {string} words @param {boolean} canRetry */
  showFault(words, canRetry) {
    this.#settle(words, "", canRetry);
    this.lines.replaceChildren();
  }

  #settle(fault, verdict_, canRetry = false) {
    if (this.fault.textContent !== fault) this.fault.textContent = fault; // an alert that is set anew is told anew
    this.verdict.textContent = verdict_;
    this.root.classList.remove("blank");
    byId("again").hidden = !canRetry;
    this.setWaiting(false);
  }

  /** @param {boolean} isWaiting */
  setWaiting(isWaiting) {
    this.root.classList.toggle("waiting", isWaiting);
    this.root.ariaBusy = String(isWaiting);
  }
}

/** The digit that is chosen: its guesses, what the network saw of it, and what it really was. */
export class DigitDetail {
  /** @param {{correct: (value: number) => void, openMaps: () => void}} actions */
  constructor({ correct, openMaps }) {
    this.correct = correct;
    [this.root, this.maps, this.layers] = ["digit", "maps", "layers"].map(byId);
    this.maps.addEventListener("toggle", () => this.maps.open && openMaps());
  }

  get wantsMaps() {
    return this.maps.open && !this.maps.hidden;
  }

  hide() {
    this.root.hidden = this.maps.hidden = true;
  }

  /**
   * @param {import("./reader.js").Digit} digit @param {number} place @param {number} count
   * @param {string} seen a data: URL @param {number | null} corrected
   */
  show(digit, place, count, seen, corrected) {
    this.root.hidden = this.maps.hidden = false;
    byId("digit-title").textContent = say("digitTitle", place + 1, count);
    byId("reason").textContent = count > 1 || !digit.refused ? reasonWords(digit) : ""; // else it is the verdict
    Object.assign(byId("seen"), { src: seen, alt: say("seenAlt", digit.value) });
    byId("guesses").replaceChildren(...digit.alternatives.slice(0, SHOWN_GUESSES).map(guessRow));
    byId("was").replaceChildren(...Array.from({ length: 10 }, (_, value) => this.#wasButton(value, corrected)));
    byId("kept").textContent = corrected === null ? "" : say("kept", corrected);
    this.layers.replaceChildren();
  }

  #wasButton(value, corrected) {
    const button = make("button", { type: "button", textContent: value });
    button.setAttribute("aria-label", say("wasLabel", value));
    button.setAttribute("aria-pressed", value === corrected);
    button.addEventListener("click", () => {
      this.correct(value);
      byId("was").children[value].focus(); // the buttons were made anew
    });
    return button;
  }

  /** @param {Object<string, string[]>} maps data: URLs by layer, the first layer first */
  showMaps(maps) {
    const layers = Object.values(maps).map((images, place) => {
      const pictures = images.map((src) => make("img", { src, alt: "" }));
      const title = make("h2", { textContent: say("layer", place + 1, images.length) });
      return make("section", {}, title, make("div", { className: "filters" }, ...pictures));
    });
    this.layers.replaceChildren(...(layers.length ? layers : [say("noMaps")]));
  }
}

/** @param {import("./reader.js").Guess} guess */
function guessRow({ value, confidence }) {
  const fill = make("span", { className: "fill" });
  fill.style.width = `${100 * confidence}%`;
  const bar = make("span", { className: "bar", ariaHidden: "true" }, fill);
  return make("li", {}, make("b", { textContent: value }), bar, make("span", { textContent: percent(confidence) }));
}
