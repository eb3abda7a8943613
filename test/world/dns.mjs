const TYPES = Object.freeze({ A: 1, TXT: 16, AAAA: 28 });
const TTL_SECONDS = 1;

/** What a name without a meaning of its own resolves to. */
const ANYWHERE = Object.freeze({ v4: [203, 0, 113, 10], v6: '20010db8000000000000000000000010' });

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
 * An answer to any A, AAAA or TXT query. `10-0-0-5.ip.test` resolves to 10.0.0.5.
 *
 * @param {Buffer} query
 * @returns {Buffer | null}
 */
export function answerTo(query) {
  const name = askedName(query);
  if (name === null) return null;
  const questionEnd = 12 + (name === '' ? 0 : name.length + 1) + 1 + 4;
  const type = query.readUInt16BE(questionEnd - 4);
  const data = recordData(type, name);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(data ? 1 : 0, 6);
  const parts = [header, query.subarray(12, questionEnd)];
  if (data) {
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(TTL_SECONDS, 6);
    record.writeUInt16BE(data.length, 10);
    parts.push(record, data);
  }
  return Buffer.concat(parts);
}

/**
 * @param {number} type
 * @param {string} name
 */
function recordData(type, name) {
  if (type === TYPES.A) return Buffer.from(addressIn(name) ?? ANYWHERE.v4);
  if (type === TYPES.AAAA && addressIn(name) === null) return Buffer.from(ANYWHERE.v6, 'hex');
  if (type === TYPES.TXT) return Buffer.from('\x05world', 'latin1');
  return null;
}

/** @param {string} name */
function addressIn(name) {
  const match = /(?:^|\.)(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})\.ip\.test$/.exec(name);
  return match ? match.slice(1).map(Number) : null;
}
