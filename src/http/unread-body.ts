import type { IncomingMessage } from 'node:http';

import type { FastifyReply, FastifyRequest } from 'fastify';

/** What is still taken of a body that was refused; past it the connection is cut. */
const MOST_DISCARDED_BYTES = 64 * 1024 * 1024;
/** How long a client may pause in it. */
const PAUSE_MS = 1000;
/** How long all of it may take. */
const MOST_MS = 60_000;

const UNREAD: ReadonlySet<string> = new Set(['body_too_large', 'server_busy']);

/** Whether a request was refused with a body that may still be on its way. */
export function leavesBodyUnread(error: { code: string }): boolean {
  return UNREAD.has(error.code);
}

/**
 * Lets a client finish a body that is refused for its size. To close the connection under it would
 * make most clients report a broken pipe instead of our answer. What comes is thrown away, up to a
 * bound, and for no longer than a minute.
 */
export function discardRest(request: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection');
  discardBody(request.raw);
}

/** Takes what still comes of a body and throws it away, within the bounds above. */
export function discardBody(raw: IncomingMessage): void {
  const cut = () => raw.destroy();
  let discarded = 0;
  let pause = setTimeout(cut, PAUSE_MS);
  const whole = setTimeout(cut, MOST_MS);
  raw.on('data', (chunk: Buffer) => {
    clearTimeout(pause);
    pause = setTimeout(cut, PAUSE_MS);
    discarded += chunk.length;
    if (discarded > MOST_DISCARDED_BYTES) cut();
  });
  const over = () => {
    clearTimeout(pause);
    clearTimeout(whole);
  };
  raw.once('end', over);
  raw.once('close', over);
  // A request that breaks off now has had its answer.
  raw.on('error', () => undefined);
  raw.resume();
}
