import { meaningOf } from './names.mjs';

const TYPES = Object.freeze({ A: 1, CNAME: 5, TXT: 16, AAAA: 28 });
const TTL_SECONDS = 1;
/** Authoritative, recursion available, no error. */
const FLAGS = 0x8580;
/** Points to the name in the question. */
const ASKED = Buffer.from([0xc0, 0x0c]);
const CODES = Object.freeze({ missing: 3, broken: 2 });

/**
 * The name that a query asks for, in lower case; null when the bytes are not a query.
 *
 * @param {Buffer} query
 */
export function askedName(query) {
  const labels = [];
  let at = 12;
  while (at < query.length && query[at] !== 0) {
    const length = query[at] ?? 0;
    if (length > 63 || at + 1 + length >= query.length) return null;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return at + 5 <= query.length ? labels.join('.').toLowerCase() : null;
}

/**
 * An answer to any A, AAAA or TXT query, as `names.mjs` says; null where none is given.
 *
 * @param {Buffer} query
 * @returns {{message: Buffer, delayMs: number} | null}
 */
export function answerTo(query) {
  const name = askedName(query);
  if (name === null) return null;
  const questionEnd = 12 + (name === '' ? 0 : name.length + 1) + 1 + 4;
  const type = query.readUInt16BE(questionEnd - 4);
  const meaning = meaningOf(name, type === TYPES.A);
  const { alias, failure, delayMs = 0 } = meaning;
  if (delayMs === Infinity) return null;
  const owner = alias ? wireName(alias) : ASKED;
  const records = failure ? [] : dataOf(type, meaning).map((data) => record(owner, type, data));
  if (alias && records.length > 0) records.unshift(record(ASKED, TYPES.CNAME, owner));
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(FLAGS | (failure ? CODES[failure] : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return { message: Buffer.concat([header, query.subarray(12, questionEnd), ...records]), delayMs };
}

/**
 * @param {Buffer} owner
 * @param {number} type
 * @param {Buffer} data
 */
function record(owner, type, data) {
  const head = Buffer.alloc(10);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(TTL_SECONDS, 4);
  head.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, head, data]);
}

/**
 * @param {number} type
 * @param {import('./names.mjs').Meaning} meaning
 * @returns {Buffer[]}
 */
function dataOf(type, { v4, v6 }) {
  if (type === TYPES.A) return v4.map((address) => Buffer.from(address.split('.').map(Number)));
  if (type === TYPES.AAAA) return v6.map(sixBytes);
  if (type === TYPES.TXT) return [Buffer.from('\x05world', 'latin1')];
  return [];
}

/** @param {string} name */
function wireName(name) {
  const labels = name
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.alloc(1)]);
}

/** @param {string} address */
function sixBytes(address) {
  const [before = '', after] = address.split('::');
  const groups = (/** @type {string} */ text) => (text === '' ? [] : text.split(':'));
  const head = groups(before);
  const tail = after === undefined ? [] : groups(after);
  const middle = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const hex = [...head, ...middle, ...tail].map((group) => group.padStart(4, '0')).join('');
  return Buffer.from(hex, 'hex');
}
