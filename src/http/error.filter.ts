import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { ErrorReplies } from './error-replies.js';

/** What guards, pipes, interceptors and handlers throw. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly replies: ErrorReplies) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.replies.send(http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), error);
  }
}
