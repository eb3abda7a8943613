import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

import type { FastifyInstance, FastifyRequest } from 'fastify';

import { discardBody } from './unread-body.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route's handler reads the body itself, as it comes; `@RouteConfig(STREAMED_BODY)`. */
    streamsBody?: boolean;
  }
}

export const STREAMED_BODY = { streamsBody: true } as const;

/** Connections whose body has a time limit of its own, instead of the server's for a request. */
const ownTime = new WeakSet<Socket>();

export function streamsBody(request: FastifyRequest): boolean {
  return request.routeOptions.config.streamsBody === true;
}

export function hasTimeOfItsOwn(socket: Socket): boolean {
  return ownTime.has(socket);
}

export interface BodyPatience {
  /** Between two pieces, while we wait for one. */
  pauseMs: number;
  /** For all of it. */
  wholeMs: number;
}

/**
 * The body as it comes, for a handler behind the guards of a route with `STREAMED_BODY`. What is not
 * asked for stays with the client. A client that is too slow, or leaves, ends it with an error.
 */
export async function* readBody(
  message: IncomingMessage,
  { pauseMs, wholeMs }: BodyPatience,
): AsyncGenerator<Buffer> {
  const { socket } = message;
  ownTime.add(socket);
  const late = () => message.destroy(new SlowBodyError());
  const whole = setTimeout(late, wholeMs);
  const chunks = message.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const pause = setTimeout(late, pauseMs);
      const chunk = await chunks.next().finally(() => clearTimeout(pause));
      if (chunk.done === true) return;
      yield chunk.value as Buffer;
    }
  } finally {
    clearTimeout(whole);
    ownTime.delete(socket);
    await chunks.return?.();
  }
}

/** The connection is gone with it: nobody can be told. */
export class SlowBodyError extends Error {}

/** An answer that came before the end of the body leaves a rest, which must not come for ever. */
export function boundRestOfStreams(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, _reply, done) => {
    if (streamsBody(request) && !request.raw.complete) discardBody(request.raw);
    done();
  });
}
