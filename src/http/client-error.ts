import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { DomainError } from '../kernel/domain-error.js';
import { newId } from '../kernel/ids.js';
import { answerOf } from './connection-state.js';
import { errorAnswer } from './error-envelope.js';
import { frameError } from './framework-errors.js';
import { securityHeadersFor } from './security-headers.js';
import { hasTimeOfItsOwn } from './streamed-body.js';

/** What Node's HTTP parser refused, as an error of ours. */
export function clientErrorOf(code: string | undefined): DomainError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new DomainError('headers_too_large', 'The headers are larger than 16 KiB together');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return frameError('body_too_large');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return frameError('request_timeout');
    default:
      return frameError('malformed_request');
  }
}

/**
 * Answers a request that never became one, and closes its connection: after a parse error nobody
 * knows where the next request begins.
 *
 * @returns the id and status of the answer, or `null` where there was nobody to answer.
 */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Socket,
): { requestId: string; status: number } | null {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && hasTimeOfItsOwn(socket)) return null;
  if (!socket.writable || socket.destroyed || answerBegan(socket) || nobodyAsked(error, socket)) {
    socket.destroy();
    return null;
  }
  const requestId = newId();
  const answer = errorAnswer(clientErrorOf(error.code));
  const body = JSON.stringify(answer.body);
  const headers = {
    ...securityHeadersFor(''),
    'X-Request-ID': requestId,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Date: new Date().toUTCString(),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  // After it there is no next answer that a body could be taken for, but some clients still look.
  const shown = asksForHead(error) ? '' : body;
  const statusLine = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Error'}\r\n`;
  socket.end(`${statusLine}${lines.join('')}\r\n${shown}`, () => socket.destroy());
  return { requestId, status: answer.status };
}

/** Who hung up, or never said a word: ten thousand of those at once must not cost an answer each. */
function nobodyAsked({ code }: NodeJS.ErrnoException, socket: Socket): boolean {
  return code === 'ECONNRESET' || (code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0);
}

/** As far as the last packet tells. */
function asksForHead(error: NodeJS.ErrnoException): boolean {
  const packet: unknown = Reflect.get(error, 'rawPacket');
  return Buffer.isBuffer(packet) && packet.toString('latin1', 0, 5) === 'HEAD ';
}

/** An answer that is under way must not get a second one in its middle. */
function answerBegan(socket: Socket): boolean {
  return answerOf(socket)?.headersSent === true;
}
