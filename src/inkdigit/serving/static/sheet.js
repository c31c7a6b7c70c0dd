/** A sheet with strokes, drawn smoothly. */

/** @typedef {{x: number, y: number, force: number}} Point in units of the sheet; force 0..1, 0.5 without pressure */

export const WIDTH = 800;
export const HEIGHT = 600;
const PEN = 18;
const SENT = 0.5; // 400 x 300 pixels: as well read as more, and twice as fast
const NEAREST = 1.5; // nearer points only tremble

/** Strokes on a canvas; tells "change" when a stroke ends, or is taken back. */
export class Sheet extends EventTarget {
  /** @type {Point[][]} */ #strokes = [];
  /** @type {Point[][][]} */ #past = [];
  /** @type {Point[] | null} */ #open = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    super();
    this.canvas = canvas;
    new ResizeObserver(() => this.render()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.render());
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  /** @param {Point} point */
  begin(point) {
    this.#open = [point];
    this.dispatchEvent(new Event("begin"));
    this.#inkLast();
  }

  /** @param {Point} point */
  extend(point) {
    const last = this.#open?.at(-1);
    if (!last || Math.hypot(point.x - last.x, point.y - last.y) < NEAREST) return;
    this.#open.push(point);
    this.#inkLast();
  }

  end() {
    if (!this.#open) return;
    const stroke = this.#open;
    this.#open = null;
    this.#replace([...this.#strokes, stroke]);
  }

  /** Forgets the stroke that is being drawn, as when a palm was taken for a finger. */
  drop() {
    this.#open = null;
    this.render();
  }

  /** Takes back the last change, also a clearing. */
  undo() {
    if (!this.canUndo) return;
    this.#strokes = this.#past.pop();
    this.#changed();
  }

  clear() {
    if (!this.isEmpty) this.#replace([]);
  }

  /** @param {Point[][]} strokes */
  #replace(strokes) {
    this.#past.push(this.#strokes);
    this.#strokes = strokes;
    this.#changed();
  }

  #changed() {
    this.render();
    this.dispatchEvent(new Event("change"));
  }

  /** Draws everything anew, as sharp as the screen is. */
  render() {
    const { clientWidth, clientHeight } = this.canvas;
    this.canvas.width = clientWidth * devicePixelRatio;
    this.canvas.height = clientHeight * devicePixelRatio;
    const context = this.#context();
    for (const stroke of this.#strokes) inkStroke(context, stroke);
    if (this.#open) inkStroke(context, this.#open);
  }

  #inkLast() {
    inkPiece(this.#context(), this.#open, this.#open.length - 1);
  }

  #context() {
    return prepare(this.canvas, getComputedStyle(this.canvas).color);
  }

  /** The drawing as a PNG, black on white whatever the screen shows. @returns {Promise<Blob>} */
  toPicture() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [WIDTH * SENT, HEIGHT * SENT];
    const context = prepare(canvas, "#000");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.fillStyle = "#000";
    for (const stroke of this.#strokes) inkStroke(context, stroke);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  }
}

/** A context in units of the sheet. @param {HTMLCanvasElement} canvas @param {string} colour */
function prepare(canvas, colour) {
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / WIDTH, 0, 0, canvas.height / HEIGHT, 0, 0);
  Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineCap: "round", lineJoin: "round" });
  return context;
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} stroke */
function inkStroke(context, stroke) {
  stroke.forEach((_, place) => inkPiece(context, stroke, place));
  const end = stroke.at(-1);
  context.beginPath();
  context.moveTo(...middle(stroke.at(-2) ?? end, end));
  context.lineTo(end.x, end.y);
  context.stroke();
}

/**
 * Draws a stroke up to half way to one of its points: curves that meet at the middles have no corners.
 * @param {CanvasRenderingContext2D} context @param {Point[]} stroke @param {number} place
 */
function inkPiece(context, stroke, place) {
  const point = stroke[place];
  context.lineWidth = PEN * (0.5 + point.force);
  context.beginPath();
  if (place === 0) {
    context.arc(point.x, point.y, context.lineWidth / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  const last = stroke[place - 1];
  context.moveTo(...middle(stroke[place - 2] ?? last, last));
  context.quadraticCurveTo(last.x, last.y, ...middle(last, point));
  context.stroke();
}

/** @param {Point} a @param {Point} b @returns {[number, number]} */
const middle = (a, b) => [(a.x + b.x) / 2, (a.y + b.y) / 2];
