import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface ExchangeRequest {
  method: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** Until the answer's headers are there. */
  headersTimeoutMs: number;
  signal: AbortSignal | null;
}

/** One HTTP request on a connection of its own; answers once the headers are there. */
export function exchange(url: string, wanted: ExchangeRequest): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const body = wanted.body === null ? null : Buffer.from(wanted.body);
  const headers = {
    'user-agent': 'risoluto-cli',
    ...wanted.headers,
    ...(body !== null && {
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
    outgoing.end(body);
  });
}
