import { once } from 'node:events';
import type { Socket } from 'node:net';

export interface HeadAndSocket {
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly socket: Socket;
  /** The body, as long as `Content-Length` says, or to the end of the connection. */
  body(): Promise<string>;
}

/** The head of what comes next; what follows it stays in the socket. */
export async function readAnswer(socket: Socket): Promise<HeadAndSocket> {
  const head = (await readUntil(socket, '\r\n\r\n')) ?? '';
  const [statusLine = '', ...lines] = head.trimEnd().split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const length = headers.get('content-length');
  const body = async (): Promise<string> =>
    (await readBytes(socket, length === undefined ? Infinity : Number(length))).toString('latin1');
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers, socket, body };
}

/** Up to the mark and with it; `null` where the connection ends before. */
export async function readUntil(socket: Socket, mark: string): Promise<string | null> {
  let text = '';
  for (;;) {
    const bytes = await nextBytes(socket);
    if (bytes === null) return null;
    text += bytes.toString('latin1');
    const end = text.indexOf(mark);
    if (end < 0) continue;
    const rest = text.slice(end + mark.length);
    if (rest.length > 0) socket.unshift(Buffer.from(rest, 'latin1'));
    return text.slice(0, end + mark.length);
  }
}

/** That many, or as many as there are to the end. */
export async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < count) {
    const bytes = await nextBytes(socket);
    if (bytes === null) break;
    chunks.push(bytes);
    length += bytes.length;
  }
  const all = Buffer.concat(chunks);
  if (all.length > count) socket.unshift(all.subarray(count));
  return all.subarray(0, count);
}

/** `null` at the end, however it comes. */
async function nextBytes(socket: Socket): Promise<Buffer | null> {
  for (;;) {
    const bytes = socket.read() as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) return null;
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const events = ['readable', 'end', 'close'].map((name) => once(socket, name, options));
    await Promise.race(events).catch(() => undefined);
    for (const event of events) event.catch(() => undefined);
    stop.abort();
  }
}
