/** The sheet's place: shows the drawing or a picture, and the answers over it. */

import { byId, make } from "./page.js";
import { HEIGHT, WIDTH } from "./sheet.js";

const TINY = 200; // pictures of fewer pixels show them as squares

export class Stage {
  #url = "";

  /** @param {(place: number) => void} choose called with the place of a digit that is clicked */
  constructor(choose) {
    this.choose = choose;
    [this.root, this.picture, this.boxes] = ["stage", "picture", "boxes"].map(byId);
    this.picture.addEventListener("load", () => this.#fit(this.picture.naturalWidth, this.picture.naturalHeight));
  }

  showSheet() {
    this.#turn(false);
    this.#fit(WIDTH, HEIGHT);
  }

  /** @param {File} file @param {string} name */
  showPicture(file, name) {
    this.#turn(true);
    this.#url = URL.createObjectURL(file);
    this.picture.src = this.#url;
    byId("picture-name").textContent = name;
  }

  #turn(hasPicture) {
    URL.revokeObjectURL(this.#url);
    this.boxes.replaceChildren();
    this.root.classList.toggle("has-picture", hasPicture);
    for (const id of ["picture", "picture-name", "back"]) byId(id).hidden = !hasPicture;
    for (const id of ["sheet", "undo", "clear", "key-help"]) byId(id).hidden = hasPicture;
  }

  /** As wide as there is room, but never higher than the window. */
  #fit(width, height) {
    this.root.style.aspectRatio = `${width} / ${height}`;
    this.root.style.maxWidth = `${(72 * width) / height}vh`;
    this.root.classList.toggle("tiny", Math.max(width, height) < TINY);
  }

  /** @param {import("./reader.js").Reading} reading @param {number} chosen */
  showBoxes(reading, chosen) {
    // Some formats that the server reads no browser shows: then the boxes alone must do.
    if (!this.picture.hidden && !this.picture.naturalWidth) this.#fit(reading.width, reading.height);
    const digits = reading.lines.flatMap((line) => line.digits);
    this.boxes.replaceChildren(...digits.map((digit, place) => this.#box(digit, place, reading, place === chosen)));
  }

  #box(digit, place, { width, height }, isChosen) {
    const box = make("div", { className: "box" }, make("b", { textContent: digit.refused ? "?" : digit.value }));
    box.classList.toggle("refused", digit.refused);
    box.classList.toggle("chosen", isChosen);
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(box.style, {
      left: share(digit.box.x, width),
      top: share(digit.box.y, height),
      width: share(digit.box.width, width),
      height: share(digit.box.height, height),
    });
    box.addEventListener("click", () => this.choose(place));
    return box;
  }

  hideBoxes() {
    this.boxes.replaceChildren();
  }
}
