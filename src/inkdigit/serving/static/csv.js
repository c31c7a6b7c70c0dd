/** Readings as CSV, with the columns that `inkdigit read --format csv` writes. */

const COLUMNS = "source line position value confidence refused reason x y width height error".split(" ");
const EXECUTED = /^[=+\-@\t\r\n＝＋－＠]/; // a cell that begins so is run by a spreadsheet

/** @typedef {{name: string, reading?: import("./reader.js").Reading, code?: string}} Result */

/** @param {Result[]} results @returns {Blob} */
export function toCsv(results) {
  const rows = [COLUMNS, ...results.flatMap(rowsOf)];
  const text = rows.map((row) => row.map(cell).join(",")).join("\n");
  return new Blob(["\ufeff", text, "\n"], { type: "text/csv" }); // without the mark Excel garbles names
}

/** @param {Result} result */
function rowsOf({ name, reading, code }) {
  const blank = (count) => Array(count).fill("");
  if (!reading?.lines.length) return [[name, ...blank(COLUMNS.length - 2), code ?? ""]];
  return reading.lines.flatMap(({ digits }, line) =>
    digits.map(({ value, confidence, refused, reason, box: { x, y, width, height } }, place) => {
      return [name, line + 1, place + 1, value, confidence, refused, reason ?? "", x, y, width, height, ""];
    }),
  );
}

/** @param {unknown} value */
function cell(value) {
  const text = typeof value === "string" && EXECUTED.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
