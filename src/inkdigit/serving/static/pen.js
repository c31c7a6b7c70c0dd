/** What moves over the sheet: a mouse, a finger, a pen, or keys. */

import { announce } from "./page.js";
import { HEIGHT, WIDTH } from "./sheet.js";
import { say } from "./words.js";

/** Draws with whatever points: one pointer at a time, and a pen before the palm that rests beside it. */
export class PointerPen {
  /** @type {PointerEvent | null} */ #active = null;

  /** @param {import("./sheet.js").Sheet} sheet */
  constructor(sheet) {
    this.sheet = sheet;
    const { canvas } = sheet;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#isActive(event) && this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#isActive(event) && this.#lift(event));
    canvas.addEventListener("pointercancel", (event) => this.#isActive(event) && this.#cancel());
  }

  #isActive(event) {
    return this.#active?.pointerId === event.pointerId;
  }

  #down(event) {
    if (event.button !== 0) return;
    if (this.#active) {
      if (event.pointerType !== "pen" || this.#active.pointerType === "pen") return;
      this.#cancel();
    }
    this.#active = event;
    this.sheet.canvas.setPointerCapture(event.pointerId);
    this.sheet.begin(this.#place(event));
  }

  #move(event) {
    const passed = event.getCoalescedEvents?.() ?? []; // where it was between two frames
    for (const each of passed.length ? passed : [event]) this.sheet.extend(this.#place(each));
  }

  #lift(event) {
    this.sheet.extend({ ...this.#place(event), force: this.#force(this.#active) }); // a lifted pen has no pressure
    this.#active = null;
    this.sheet.end();
  }

  #cancel() {
    this.#active = null;
    this.sheet.drop();
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const { left, top, width, height } = this.sheet.canvas.getBoundingClientRect();
    const x = ((event.clientX - left) / width) * WIDTH;
    const y = ((event.clientY - top) / height) * HEIGHT;
    return { x, y, force: this.#force(event) };
  }

  #force(event) {
    return event.pointerType === "pen" && event.pressure > 0 ? event.pressure : 0.5;
  }
}

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 20;
const SMALL_STEP = 4;

/** Draws with keys, from where a ring on the sheet shows the pen. */
export class KeyPen {
  #x = WIDTH * 0.4;
  #y = HEIGHT * 0.25;
  #isDown = false;
  /** @type {Set<string>} */ #held = new Set();

  /** @param {import("./sheet.js").Sheet} sheet @param {HTMLElement} cursor */
  constructor(sheet, cursor) {
    Object.assign(this, { sheet, cursor });
    sheet.canvas.addEventListener("keydown", (event) => this.#press(event));
    sheet.canvas.addEventListener("keyup", (event) => this.#held.delete(event.key));
    sheet.canvas.addEventListener("blur", () => this.#leave());
    this.#show();
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = event.key in WAYS ? () => this.#move(event) : this.#actions[event.key];
    if (!act) return;
    event.preventDefault(); // arrows and space would scroll the page
    act(event);
  }

  #actions = {
    " ": (event) => event.repeat || this.#toggle(), // a key that is held would lift the pen again
    Backspace: () => this.sheet.undo(),
    Delete: () => this.sheet.clear(),
  };

  /** Moves by all arrows that are held, so that two of them go diagonally. */
  #move(event) {
    this.#held.add(event.key);
    const step = event.shiftKey ? SMALL_STEP : STEP;
    for (const key of this.#held) {
      this.#x = Math.min(Math.max(this.#x + WAYS[key][0] * step, 0), WIDTH);
      this.#y = Math.min(Math.max(this.#y + WAYS[key][1] * step, 0), HEIGHT);
    }
    if (this.#isDown) this.sheet.extend(this.#point());
    this.#show();
  }

  #toggle() {
    this.#isDown = !this.#isDown;
    announce(say(this.#isDown ? "penDown" : "penUp"));
    if (this.#isDown) this.sheet.begin(this.#point());
    else this.sheet.end();
    this.#show();
  }

  /** Keys that are let go elsewhere are never told, and a stroke must not stay open. */
  #leave() {
    this.#held.clear();
    if (this.#isDown) this.#toggle();
  }

  #point() {
    return { x: this.#x, y: this.#y, force: 0.5 };
  }

  #show() {
    this.cursor.style.left = `${(100 * this.#x) / WIDTH}%`;
    this.cursor.style.top = `${(100 * this.#y) / HEIGHT}%`;
    this.cursor.classList.toggle("down", this.#isDown);
  }
}
