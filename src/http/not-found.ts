import type { FastifyReply, FastifyRequest } from 'fastify';

import { DomainError } from '../kernel/domain-error.js';
import type { AllowedMethods } from './allowed-methods.js';
import { frameError } from './framework-errors.js';
import { pathOf } from './request-frame.js';

/**
 * Answers a request that no route took. `OPTIONS` of a path that exists says what it takes.
 *
 * @throws DomainError `method_not_allowed` where the path exists, else `not_found`.
 */
export function answerUnrouted(
  allowed: AllowedMethods,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const methods = allowed.of(decoded(pathOf(request.raw.url ?? '')));
  // A route that took the method and found nothing there is no wrong method.
  const taken = request.method !== 'OPTIONS' && methods.includes(request.method);
  if (methods.length === 0 || taken) throw frameError('not_found');
  const allow = methods.join(', ');
  reply.header('Allow', allow);
  if (request.method === 'OPTIONS') return reply.code(204).send();
  throw new DomainError('method_not_allowed', `This path takes ${allow}`);
}

/** The router matches decoded paths, so a look-up beside it does too. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
