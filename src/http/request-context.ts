import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Actor } from '../kernel/origin.js';

/** What the service knows about a request beside the request itself. */
export interface RequestContext {
  /** Ours; never what the client sent. */
  readonly requestId: string;
  /** Until a guard has decided, `loopback`, and nobody acts on it. */
  actor: Actor;
  /** The socket's peer, or behind a trusted proxy the right-most untrusted address. */
  readonly clientAddress: string;
  /** The body as it came, for what depends on its bytes; `null` when there was none or nobody parsed it. */
  bodyBytes: Buffer | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    risoluto: RequestContext;
  }
}

/** Gives every request its context, before anything else looks at it. */
export function registerRequestContext(
  fastify: FastifyInstance,
  clientAddressOf: (request: FastifyRequest) => string,
): void {
  fastify.decorateRequest('risoluto');
  fastify.addHook('onRequest', (request, _reply, done) => {
    request.risoluto = {
      requestId: request.id,
      actor: 'loopback',
      clientAddress: clientAddressOf(request),
      bodyBytes: null,
    };
    done();
  });
}
