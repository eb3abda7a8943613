import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type { RequestHead } from './request-head.js';

export const LONGEST_ANSWER_HEAD_BYTES = 64 * 1024;

export interface Outgoing {
  readonly method: string;
  readonly head: RequestHead;
  /** How `Host` is to be written. */
  readonly host: string;
  /** Beside what is passed on, name and value by turns. */
  readonly more: readonly string[];
}

/** A request on a connection of its own, head not yet sent. Throws for a header that cannot be. */
export function requestOn(socket: Socket, { method, head, host, more }: Outgoing): ClientRequest {
  return request({
    method,
    path: head.path,
    createConnection: () => socket,
    headers: ['Host', host, ...head.headers, ...framingOf(method, head), ...more],
    insecureHTTPParser: false,
    maxHeaderSize: LONGEST_ANSWER_HEAD_BYTES,
  });
}

/** Node would send a body in chunks with a method that usually has one, and none is wanted. */
export function framingOf(method: string, { framing }: Pick<RequestHead, 'framing'>): string[] {
  if (framing === 'chunked') return ['Transfer-Encoding', 'chunked'];
  const bodyless = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'].includes(method);
  return framing === 'none' && !bodyless ? ['Content-Length', '0'] : [];
}

export interface Answer {
  readonly message: IncomingMessage;
  /** After an upgrade: its connection, and what came with the answer. */
  readonly upgraded: { readonly socket: Socket; readonly first: Buffer } | null;
}

/** Rejects where there is none; an upgrade that was not asked for is none. */
export function answerTo(outgoing: ClientRequest, mayUpgrade: boolean): Promise<Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', (message) => resolve({ message, upgraded: null }));
    if (mayUpgrade) {
      outgoing.once('upgrade', (message, socket, first) =>
        resolve({ message, upgraded: { socket, first } }),
      );
    }
    // Errors after the answer show in the closing of its connection.
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(new Error('closed without an answer')));
  });
}
