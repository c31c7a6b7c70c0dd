/** Zip files, stored and not compressed: pictures are compressed already. */

/** @typedef {{name: string, bytes: Uint8Array, at: Date}} Entry */

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes @returns {number} CRC-32 */
export function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC_TABLE[(value ^ byte) & 0xff] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

const UTF8_NAMES = 0x0800;
const VERSION = 20;

/** @param {Entry[]} entries @returns {Blob} */
export function zip(entries) {
  const files = [];
  const directory = [];
  let offset = 0;
  for (const entry of entries) {
    const name = new TextEncoder().encode(entry.name);
    const described = describe(entry, name);
    const file = [fields("PK\x03\x04", [[VERSION, 2], ...described]), name, entry.bytes];
    const place = [[0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]];
    directory.push(fields("PK\x01\x02", [[VERSION, 2], [VERSION, 2], ...described, ...place]), name);
    files.push(...file);
    offset += size(file);
  }
  const count = entries.length;
  const end = fields("PK\x05\x06", [[0, 2], [0, 2], [count, 2], [count, 2], [size(directory), 4], [offset, 4], [0, 2]]);
  return new Blob([...files, ...directory, end], { type: "application/zip" });
}

/** What both headers of a file say. @param {Entry} entry @param {Uint8Array} name @returns {[number, number][]} */
function describe({ bytes, at }, name) {
  const time = (at.getHours() << 11) | (at.getMinutes() << 5) | (at.getSeconds() >> 1);
  const date = ((at.getFullYear() - 1980) << 9) | ((at.getMonth() + 1) << 5) | at.getDate();
  const sizes = [[bytes.length, 4], [bytes.length, 4], [name.length, 2], [0, 2]];
  return [[UTF8_NAMES, 2], [0, 2], [time, 2], [date, 2], [crc32(bytes), 4], ...sizes];
}

/** @param {string} signature @param {[number, number][]} values each with its bytes, little end first */
function fields(signature, values) {
  const bytes = [...signature].map((letter) => letter.charCodeAt(0));
  for (const [value, width] of values) {
    for (let place = 0; place < width; place++) bytes.push((value >>> (8 * place)) & 0xff);
  }
  return Uint8Array.from(bytes);
}

const size = (parts) => parts.reduce((sum, part) => sum + part.length, 0);
