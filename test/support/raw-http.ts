import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import { expectAsDocumented } from './conformance.js';

export interface RawAnswer {
  status: number;
  /** Names in lower case. */
  headers: Map<string, string>;
  body: string;
}

/**
 * Bytes to a server as they are, for requests that no HTTP client would send. Answers when the
 * server closes; ask it to with `Connection: close`.
 */
export async function sendRaw(
  url: string,
  bytes: string | Buffer,
  localAddress?: string,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port), localAddress });
  socket.write(bytes);
  const answer = parseAnswer(await text(socket));
  hold(bytes.toString('latin1'), answer);
  return answer;
}

/** One request that a server can read, and one answer to it, is as the document says. */
function hold(sent: string, { status, headers, body }: RawAnswer): void {
  const [, method, path] = /^([A-Z]+) (\/\S*) HTTP\/1\.[01]\r\n/.exec(sent) ?? [];
  const chunked = headers.get('transfer-encoding') === 'chunked';
  if (method === undefined || path === undefined || Number.isNaN(status)) return;
  const text = chunked ? undefined : body.slice(0, Number(headers.get('content-length') ?? 0));
  expectAsDocumented({
    ...{ method, path, status, headers: Object.fromEntries(headers) },
    ...(text !== undefined && { text }),
  });
}

function parseAnswer(answer: string): RawAnswer {
  const end = answer.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = answer.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: answer.slice(end + 4) };
}
