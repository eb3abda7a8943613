import type { FastifyInstance } from 'fastify';

/** Most bytes of a body; past it 413 `body_too_large`. */
export const BODY_LIMIT_BYTES = 1024 * 1024;

/** Most characters of one path parameter; past it 414 `uri_too_long`. */
export const MAX_PARAM_LENGTH = 4096;

/**
 * Keeps every body as the bytes that came, whatever its media type: what they mean is decided after
 * the guards, so that a refusal never depends on them.
 */
export function keepBodiesAsBytes(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}
