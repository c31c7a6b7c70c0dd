/** Joins the parts: what is drawn or given is read, and the answer shown. */

import { Album } from "./album.js";
import { Answer, DigitDetail, digitsOf, faultWords, spoken } from "./answer.js";
import { Corrections } from "./corrections.js";
import { ModelTable } from "./models.js";
import { announce, byId } from "./page.js";
import { KeyPen, PointerPen } from "./pen.js";
import { watchIntake } from "./picture.js";
import { asFault, explain, newestWins } from "./reader.js";
import { Sheet } from "./sheet.js";
import { Stage } from "./stage.js";
import { PictureTable } from "./table.js";
import { onLanguage, say, switchLanguage, translate } from "./words.js";

const CAN_RETRY = new Set(["gone", "timeout", "overloaded"]);
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * What is shown: the picture that was read, what came of it, the chosen digit, its corrections by place, or the fault.
 * @type {{picture?: Blob, explanation?: import("./reader.js").Explanation, chosen: number,
 *         corrected: Map<number, {id: Promise<number>, value: number}>, fault?: import("./reader.js").Fault,
 *         job?: () => Promise<Blob>}}
 */
let shown = nothing();

const sheet = new Sheet(byId("sheet"));
const stage = new Stage(choose);
const answer = new Answer(choose);
const detail = new DigitDetail({ correct, openMaps: askMaps });
const corrections = new Corrections();
const album = new Album(corrections, forget);
const models = new ModelTable(() => shown.job && ask(shown.job));
const table = new PictureTable(showPicture);

function nothing() {
  return { chosen: 0, corrected: new Map() };
}

/** Reads what a job gives, or shows the empty page for none. */
const ask = newestWins(async (job, isNewest) => {
  if (!job) return;
  answer.setWaiting(true);
  try {
    const picture = await job();
    const explanation = await explain(picture, { model: models.chosen }, (seconds) => isNewest() && tellBusy(seconds));
    if (!isNewest()) return;
    settle({ ...nothing(), job, picture, explanation, chosen: mostDoubtful(explanation.reading) });
    announce(spoken(explanation.reading));
    await models.compare(picture, explanation.reading, isNewest);
  } catch (error) {
    const fault = asFault(error);
    if (isNewest()) settle({ ...nothing(), job, fault });
  }
});

function tellBusy(seconds) {
  byId("verdict").textContent = say("busy", seconds);
  return true;
}

/** Where the interest is. @param {import("./reader.js").Reading} reading */
function mostDoubtful(reading) {
  const doubts = digitsOf(reading).map((digit) => digit.confidence - Number(digit.refused));
  return Math.max(0, doubts.indexOf(Math.min(...doubts)));
}

function settle(next) {
  shown = next;
  render();
}

/** @param {number} place */
function choose(place) {
  settle({ ...shown, chosen: place });
}

function render() {
  const { explanation, fault, chosen } = shown;
  byId("undo").disabled = !sheet.canUndo;
  byId("clear").disabled = sheet.isEmpty;
  byId("stage").classList.toggle("empty", sheet.isEmpty);
  if (explanation) {
    answer.show(explanation.reading, chosen);
    stage.showBoxes(explanation.reading, chosen);
  } else {
    stage.hideBoxes();
    models.clear();
    if (fault) answer.showFault(faultWords(fault), CAN_RETRY.has(fault.code));
    else answer.showBlank("empty");
  }
  renderDigit();
}

function renderDigit() {
  const { explanation, chosen, corrected } = shown;
  const digits = explanation ? digitsOf(explanation.reading) : [];
  if (!digits.length) return detail.hide();
  detail.show(digits[chosen], chosen, digits.length, explanation.seen[chosen], corrected.get(chosen)?.value ?? null);
  askMaps();
}

/** Feature maps cost more than the answer, so only those who look at them ask for them. */
function askMaps() {
  if (detail.wantsMaps) fetchMaps({ picture: shown.picture, digit: shown.chosen, model: models.chosen });
}

const fetchMaps = newestWins(async ({ picture, ...options }, isNewest) => {
  try {
    const { maps } = await explain(picture, options, isNewest);
    if (isNewest() && picture === shown.picture) detail.showMaps(maps ?? {});
  } catch (error) {
    asFault(error);
    if (isNewest()) detail.showMaps({});
  }
});

/** Keeps what the chosen digit really was. @param {number} value */
function correct(value) {
  const { explanation, chosen, corrected } = shown;
  const digit = digitsOf(explanation.reading)[chosen];
  const read = digit.refused ? "?" : String(digit.value);
  const correction = { value, read, image: explanation.seen[chosen], at: Date.now() };
  corrected.set(chosen, { id: keep(correction, corrected.get(chosen)?.id), value });
  renderDigit();
  announce(say("kept", value));
}

/**
 * Stores a correction in place of an earlier one, which may still be on its way.
 * @param {import("./corrections.js").Correction} correction @param {Promise<number>} [earlier] its id
 */
async function keep(correction, earlier) {
  const id = await corrections.put(earlier ? { ...correction, id: await earlier } : correction);
  await album.show();
  if (!(await corrections.areKept())) byId("kept").textContent = say("keptNot");
  return id;
}

/** What was deleted is no longer told, nor replaced. @param {Set<number>} left ids of the corrections that remain */
async function forget(left) {
  const { corrected } = shown;
  for (const [place, { id }] of corrected) {
    if (!left.has(await id)) corrected.delete(place);
  }
  renderDigit();
}

/** @param {File[]} files */
function take(files) {
  if (files.length > 1) table.read(files, models.chosen);
  else showPicture(files[0], files[0].name || say("pasted"));
}

/** @param {File} file @param {string} name */
function showPicture(file, name) {
  settle(nothing());
  stage.showPicture(file, name);
  byId("stage").scrollIntoView({ block: "nearest" });
  answer.showBlank("reading");
  ask(async () => file);
}

function showSheet() {
  settle(nothing());
  stage.showSheet();
  ask(sheet.isEmpty ? null : () => sheet.toPicture());
}

function tellPrivacy() {
  const { hostname, host } = location;
  byId("privacy").textContent = LOOPBACK.test(hostname) ? say("privateHere") : say("privateThere", host);
  Object.assign(byId("language"), { textContent: say("other"), lang: say("other") === "中文" ? "zh-Hans" : "en" });
  byId("language").setAttribute("aria-label", say("otherLabel"));
}

sheet.addEventListener("begin", () => byId("stage").classList.remove("empty"));
sheet.addEventListener("change", () => {
  if (byId("sheet").hidden) return; // a picture came in the middle of a stroke
  if (sheet.isEmpty) {
    settle(nothing());
    announce(say("cleared"));
    return ask(null);
  }
  byId("undo").disabled = byId("clear").disabled = false;
  ask(() => sheet.toPicture());
});
new PointerPen(sheet);
new KeyPen(sheet, byId("cursor"));
watchIntake(take);
byId("undo").addEventListener("click", () => sheet.undo());
byId("clear").addEventListener("click", () => sheet.clear());
byId("back").addEventListener("click", () => {
  showSheet();
  byId("sheet").focus();
});
byId("again").addEventListener("click", () => ask(shown.job));
byId("language").addEventListener("click", switchLanguage);
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z" && !byId("sheet").hidden) {
    event.preventDefault();
    sheet.undo();
  }
});
onLanguage(() => {
  tellPrivacy();
  render();
  models.render();
  table.render();
  album.show();
});

translate();
tellPrivacy();
stage.showSheet();
render();
models.load();
album.show();
