import { Duplex } from 'node:stream';

const RECORD_HEAD = 5;
const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

/**
 * Ways to send a ClientHello: byte by byte, in many small TLS records, or with an encrypted one inside.
 *
 * @type {Record<string, (hello: Buffer) => Buffer[]>}
 */
const SHAPES = {
  bytes: (hello) => [...hello].map((byte) => Buffer.of(byte)),
  records: (hello) => inRecords(hello.subarray(RECORD_HEAD)),
  encrypted: (hello) => [withEncryptedHello(hello)],
};

/**
 * The socket, but that what is written to it first goes out in another shape.
 *
 * @param {import('node:net').Socket} socket
 * @param {string} shape
 */
export function shaped(socket, shape) {
  let first = true;
  const outer = new Duplex({
    read: () => {},
    write: (bytes, _encoding, done) => {
      const pieces = first ? (SHAPES[shape]?.(bytes) ?? [bytes]) : [bytes];
      first = false;
      for (const piece of pieces) socket.write(piece);
      done();
    },
    final: (done) => void socket.end(() => done()),
    destroy: (_error, done) => {
      socket.destroy();
      done(null);
    },
  });
  socket.on('data', (bytes) => outer.push(bytes)).resume();
  socket.on('close', () => outer.push(null));
  return outer;
}

/** @param {Buffer} handshake */
function inRecords(handshake) {
  const records = [];
  for (let at = 0; at < handshake.length; at += 31) {
    records.push(record(handshake.subarray(at, at + 31)));
  }
  return records;
}

/** @param {Buffer} handshake */
function record(handshake) {
  return Buffer.concat([
    Buffer.of(22, 3, 1, handshake.length >> 8, handshake.length & 255),
    handshake,
  ]);
}

/** @param {Buffer} hello one record */
function withEncryptedHello(hello) {
  const extension = Buffer.alloc(4 + 64);
  extension.writeUInt16BE(ENCRYPTED_CLIENT_HELLO, 0);
  extension.writeUInt16BE(64, 2);
  const handshake = Buffer.concat([hello.subarray(RECORD_HEAD), extension]);
  handshake.writeUIntBE(handshake.length - 4, 1, 3);
  const at = extensionsAt(handshake);
  handshake.writeUInt16BE(handshake.readUInt16BE(at) + extension.length, at);
  return record(handshake);
}

/** @param {Buffer} handshake */
function extensionsAt(handshake) {
  const session = 4 + 2 + 32;
  const ciphers = session + 1 + handshake.readUInt8(session);
  const compressions = ciphers + 2 + handshake.readUInt16BE(ciphers);
  return compressions + 1 + handshake.readUInt8(compressions);
}
