/** Where pictures come in: chosen, photographed, dropped or pasted. */

import { byId } from "./page.js";

/** @param {(files: File[]) => void} take gets one or more files, pictures or not: the server can tell */
export function watchIntake(take) {
  const give = (files) => files.length && take([...files]);
  connect(byId("choose"), byId("files"), give);
  connect(byId("photograph"), byId("camera"), give);
  watchDrops(give);
  document.addEventListener("paste", (event) => give(event.clipboardData?.files ?? []));
}

/** @param {HTMLElement} button @param {HTMLInputElement} input @param {(files: FileList) => void} give */
function connect(button, input, give) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    give(input.files);
    input.value = ""; // so that the same file can be chosen again
  });
}

function watchDrops(give) {
  const mark = (isOver) => document.body.classList.toggle("dropping", isOver);
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser would open the picture in place of the page
    mark(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && mark(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    give(event.dataTransfer.files);
  });
}
