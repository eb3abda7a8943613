import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { Refusal } from './refusal.js';
import { hasBody } from './request-headers.js';

/** For a client to read an answer and to close; then it is cut. */
const LINGER_MS = 2000;

/** Name and value by turns. */
function headersOf(refusal: Refusal, body: string): string[] {
  const challenge =
    refusal.status === 407 ? [['Proxy-Authenticate', 'Basic realm="risoluto"']] : [];
  const { retryAfterSeconds } = refusal;
  const retry = retryAfterSeconds === null ? [] : [['Retry-After', String(retryAfterSeconds)]];
  return [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['X-Risoluto-Egress', refusal.reason],
    ...challenge,
    ...retry,
  ].flat();
}

function bodyOf(refusal: Refusal): string {
  return `risoluto: ${refusal.message}\n`;
}

/** Where Node's server handed the socket over. The connection ends with the answer. */
export function refuseOnSocket(socket: Socket, refusal: Refusal): void {
  const body = bodyOf(refusal);
  const headers = [...headersOf(refusal, body), 'Connection', 'close'];
  closeGently(socket, `${headText(refusal.status, headers)}${body}`);
}

/** The connection stays, unless there is a body that nobody wants. */
function refuseOnResponse(res: ServerResponse, refusal: Refusal, keep: boolean): void {
  const body = bodyOf(refusal);
  const connection = keep ? [] : ['Connection', 'close'];
  res.sendDate = false;
  res.writeHead(refusal.status, [...headersOf(refusal, body), ...connection]);
  res.end(body);
}

/** On a client's answer that has not begun; one that has is cut, or it would look whole. */
export function refuseRequest(
  client: { destroy(): void },
  { req, res }: { req: IncomingMessage; res: ServerResponse },
  refusal: Refusal,
): void {
  if (res.headersSent) client.destroy();
  else refuseOnResponse(res, refusal, !hasBody(req.headers));
}

/** The head of an answer; values must hold no control characters. */
export function headText(status: number, headers: readonly string[]): string {
  const lines = headers.flatMap((name, at) =>
    at % 2 === 0 ? [`${name}: ${headers[at + 1]}`] : [],
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', ''].join('\r\n');
}

/** Writes the last bytes and lets the client take them, whatever it still sends. */
export function closeGently(socket: Socket, last: string | Buffer): void {
  if (socket.destroyed) return;
  socket.end(last, 'latin1');
  linger(socket);
}

/** For a socket that was ended: until the client has ended too, or has had its time. */
export function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('end', () => socket.destroySoon());
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}
