import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';

export interface ExchangeRequest {
  method: string;
  headers: Readonly<Record<string, string>>;
  /** A text is JSON; a stream is sent as it comes, and its type is in the headers. */
  body: string | Readable | null;
  /** Until the answer's headers are there. */
  headersTimeoutMs: number;
  signal: AbortSignal | null;
}

/** One HTTP request on a connection of its own; answers once the headers are there. */
export function exchange(url: string, wanted: ExchangeRequest): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const body = typeof wanted.body === 'string' ? Buffer.from(wanted.body) : wanted.body;
  const headers = {
    'user-agent': 'risoluto-cli',
    ...wanted.headers,
    ...(Buffer.isBuffer(body) && {
      'content-type': 'application/json',
      'content-length': String(body.length),
    }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = send(url, {
      method: wanted.method,
      headers,
      // A connection that is kept may be one that a restarted service knows nothing about.
      agent: false,
      ...(wanted.signal !== null && { signal: wanted.signal }),
    });
    const late = setTimeout(
      () => outgoing.destroy(new Error('no answer')),
      wanted.headersTimeoutMs,
    );
    outgoing.on('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
    outgoing.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    if (body === null || Buffer.isBuffer(body)) outgoing.end(body);
    else sendStream(body, outgoing);
  });
}

/** An answer may come before the end, and is the answer; what is left is not sent then. */
function sendStream(body: Readable, outgoing: ClientRequest): void {
  body.on('error', (error) => outgoing.destroy(error));
  outgoing.on('response', () => body.destroy());
  outgoing.on('close', () => body.destroy());
  body.pipe(outgoing);
}
