const TLS_1_2 = [3, 3];
/** ECDHE with AES-GCM or ChaCha20, and what a server without ECDSA or with nothing newer takes. */
const CIPHERS = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x002f];
const EXTENSION = {
  serverName: 0,
  groups: 10,
  pointFormats: 11,
  signatures: 13,
  encrypted: 0xfe0d,
};
const GROUPS = [0x001d, 0x0017, 0x0018];
const SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];

const HANDSHAKE_RECORD = 0x16;

/**
 * The first bytes of a TLS 1.2 connection, in one record, so that nothing but a socket is needed to
 * begin one; Latin-1. `serverName` null: without one. `encrypted`: with an encrypted one beside it.
 */
export function clientHello(serverName: string | null, encrypted = false): string {
  const extensions = [
    ...(serverName === null ? [] : [extension(EXTENSION.serverName, nameList(serverName))]),
    extension(EXTENSION.groups, sized(2, numbers(GROUPS))),
    extension(EXTENSION.pointFormats, Buffer.from([1, 0])),
    extension(EXTENSION.signatures, sized(2, numbers(SIGNATURES))),
    ...(encrypted ? [extension(EXTENSION.encrypted, Buffer.alloc(64))] : []),
  ];
  const body = Buffer.concat([
    Buffer.from(TLS_1_2),
    Buffer.alloc(32, 0x52),
    Buffer.from([0]),
    sized(2, numbers(CIPHERS)),
    Buffer.from([1, 0]),
    sized(2, Buffer.concat(extensions)),
  ]);
  const handshake = Buffer.concat([Buffer.from([1]), sized(3, body)]);
  const head = Buffer.from([HANDSHAKE_RECORD, 3, 1]);
  return Buffer.concat([head, sized(2, handshake)]).toString('latin1');
}

/** Whether bytes begin with a server’s part of a handshake. */
export function isServerHello(answer: string): boolean {
  return answer.charCodeAt(0) === HANDSHAKE_RECORD && answer.charCodeAt(5) === 2;
}

function nameList(name: string): Buffer {
  return sized(2, Buffer.concat([Buffer.from([0]), sized(2, Buffer.from(name))]));
}

function extension(type: number, body: Buffer): Buffer {
  return Buffer.concat([numbers([type]), sized(2, body)]);
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, n) => bytes.writeUInt16BE(value, 2 * n));
  return bytes;
}

/** Behind its own length, in that many bytes. */
function sized(width: number, body: Buffer): Buffer {
  const length = Buffer.alloc(width);
  length.writeUIntBE(body.length, 0, width);
  return Buffer.concat([length, body]);
}
