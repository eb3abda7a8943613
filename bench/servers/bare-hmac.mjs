// Fastify with one route that verifies the HMAC of the raw body, and nothing around it. Its first line
// says where it listens.
import { createHmac, timingSafeEqual } from 'node:crypto';

import { fastify } from 'fastify';

const { SECRET = '' } = process.env;

const server = fastify();
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
server.post('/webhooks/linear', async (request, reply) => {
  const digest = createHmac('sha256', SECRET).update(request.body).digest();
  const presented = Buffer.from(request.headers['linear-signature'] ?? '', 'hex');
  if (presented.length === digest.length && timingSafeEqual(presented, digest)) return { ok: true };
  return reply.code(401).send({ ok: false });
});
console.log(await server.listen({ port: 0, host: '127.0.0.1' }));
