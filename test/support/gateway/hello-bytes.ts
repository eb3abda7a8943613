import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';

export const SERVER_NAME = 0;
export const ENCRYPTED_CLIENT_HELLO = 0xfe_0d;

/** With its length in `size` bytes before it. */
export function vector(size: number, bytes: Buffer): Buffer {
  const length = Buffer.alloc(size);
  length.writeUIntBE(bytes.length, 0, size);
  return Buffer.concat([length, bytes]);
}

export function extension(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(type);
  return Buffer.concat([head, vector(2, data)]);
}

/** A server name extension with these names, each of type host name unless another is given. */
export function serverName(...names: (string | [type: number, name: string])[]): Buffer {
  const entries = names.map((entry) => {
    const [type, name] = typeof entry === 'string' ? [0, entry] : entry;
    return Buffer.concat([Buffer.from([type]), vector(2, Buffer.from(name, 'latin1'))]);
  });
  return extension(SERVER_NAME, vector(2, Buffer.concat(entries)));
}

/** The body of a ClientHello with these extensions; without the field of extensions for `null`. */
export function helloBody(extensions: readonly Buffer[] | null): Buffer {
  return Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 8)),
    vector(2, Buffer.from([0x13, 1, 0x13, 2, 0xc0, 0x2f])),
    vector(1, Buffer.from([0])),
    ...(extensions === null ? [] : [vector(2, Buffer.concat(extensions))]),
  ]);
}

/** A handshake message in TLS records: the first of these lengths, and the rest in one. */
export function inRecords(body: Buffer, lengths: readonly number[] = []): Buffer {
  const records: Buffer[] = [];
  let rest = Buffer.concat([Buffer.from([1]), vector(3, body)]);
  for (const length of [...lengths, Infinity]) {
    const fragment = rest.subarray(0, Math.min(length, 16_384));
    rest = rest.subarray(fragment.length);
    if (fragment.length > 0) records.push(Buffer.from([22, 3, 1]), vector(2, fragment));
  }
  return Buffer.concat(records);
}

/** What Node's own client sends first. */
export async function nodeHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ ...options, host: '127.0.0.1', port }).on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [import('node:net').Socket];
  socket.on('error', () => undefined);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
