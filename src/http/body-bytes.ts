import type { FastifyInstance, FastifyRequest } from 'fastify';

import { ArrivingBodies } from './arriving-bodies.js';
import { boundRestOfStreams, streamsBody } from './streamed-body.js';

/** Most bytes of a body; past it 413 `body_too_large`. */
export const BODY_LIMIT_BYTES = 1024 * 1024;

/** Most bytes of all bodies that have begun and not ended; past it the oldest is refused. */
export const ARRIVING_LIMIT_BYTES = 64 * 1024 * 1024;

/** Most characters of one path parameter; past it 414 `uri_too_long`. */
export const MAX_PARAM_LENGTH = 4096;

/**
 * Keeps every body as the bytes that came, whatever its media type: what they mean is decided after
 * the guards, so that a refusal never depends on them.
 */
export function keepBodiesAsBytes(fastify: FastifyInstance): void {
  const arriving = new ArrivingBodies(BODY_LIMIT_BYTES, ARRIVING_LIMIT_BYTES);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', async (request: FastifyRequest) =>
    // Its handler reads it, behind the guards; until then it stays with the client.
    streamsBody(request) ? undefined : arriving.read(request.raw),
  );
  boundRestOfStreams(fastify);
}
