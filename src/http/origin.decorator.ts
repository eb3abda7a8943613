import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

import type { Origin } from '../kernel/origin.js';

/** Who asked, for `Transactions.run`: the actor that the guard found and the request's id. */
export const RequestOrigin = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Origin => {
    const { actor, requestId } = context.switchToHttp().getRequest<FastifyRequest>().risoluto;
    return { actor, requestId };
  },
);
