import { ByteCursor } from './byte-cursor.js';

export interface ClientHello {
  /** As it was written; `null` where the client names none. */
  readonly serverName: string | null;
  /** The name that counts may be another one, which only the server can read. */
  readonly encrypted: boolean;
}

const SERVER_NAME = 0;
const HOST_NAME = 0;
/**
 * ESNI, and ECH in its drafts and as it is now. What clients send to grease servers cannot be told
 * from a real one.
 */
const ENCRYPTED: ReadonlySet<number> = new Set([
  0xff_ce, 0xff_02, 0xff_03, 0xfe_08, 0xfe_09, 0xfe_0a, 0xfe_0b, 0xfe_0c, 0xfe_0d,
]);
const NAME = /^[A-Za-z0-9._-]{1,254}$/;

/**
 * The body of a ClientHello, without its four bytes of handshake header. `null` unless every length in
 * it fits exactly, no extension stands twice, and a server name extension holds one host name.
 */
export function parseClientHello(body: Buffer): ClientHello | null {
  const cursor = new ByteCursor(body);
  const version = cursor.number(2);
  const random = cursor.take(32);
  const session = cursor.vector(1);
  const ciphers = cursor.vector(2);
  const compressions = cursor.vector(1);
  if (version === null || version >> 8 !== 3 || random === null) return null;
  if (session === null || session.length > 32) return null;
  if (!ciphers?.length || ciphers.length % 2 !== 0 || !compressions?.length) return null;
  if (cursor.done) return { serverName: null, encrypted: false };
  const extensions = cursor.vector(2);
  return extensions !== null && cursor.done ? fromExtensions(extensions) : null;
}

function fromExtensions(bytes: Buffer): ClientHello | null {
  const cursor = new ByteCursor(bytes);
  const seen = new Set<number>();
  let serverName: string | null = null;
  while (!cursor.done) {
    const type = cursor.number(2);
    const data = cursor.vector(2);
    if (type === null || data === null || seen.has(type)) return null;
    seen.add(type);
    if (type !== SERVER_NAME) continue;
    serverName = nameOf(data);
    if (serverName === null) return null;
  }
  return { serverName, encrypted: [...seen].some((type) => ENCRYPTED.has(type)) };
}

function nameOf(data: Buffer): string | null {
  const cursor = new ByteCursor(data);
  const list = cursor.vector(2);
  if (list === null || !cursor.done) return null;
  const entries = new ByteCursor(list);
  const type = entries.number(1);
  const name = entries.vector(2)?.toString('latin1') ?? '';
  return type === HOST_NAME && entries.done && NAME.test(name) ? name : null;
}
