import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import type { DomainError } from '../kernel/domain-error.js';
import { LogSample } from '../kernel/log-sample.js';
import { errorAnswer } from './error-envelope.js';
import { toDomainError } from './framework-errors.js';

/** Turns whatever was thrown into the one envelope, and writes down what only an operator may read. */
export class ErrorReplies {
  readonly #sample = new LogSample();

  constructor(private readonly log: Logger) {}

  /** Answers; an answer that has already begun is cut off instead, so that it cannot look whole. */
  send(request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
    const error = toDomainError(thrown);
    this.#write(request, error, thrown);
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const answer = errorAnswer(error);
    reply.removeHeader('Content-Length');
    void reply
      .code(answer.status)
      .headers(answer.headers)
      .type('application/json; charset=utf-8')
      .serializer(JSON.stringify)
      .send(answer.body);
  }

  #write(request: FastifyRequest, error: DomainError, thrown: unknown): void {
    const fields = { requestId: request.id, code: error.code, err: thrown };
    if (error.kind === 'internal') this.log.error(fields, 'request failed');
    if (error.kind !== 'unavailable') return;
    // There may be thousands of them a second, all for one reason.
    const leftOut = this.#sample.next(error.code);
    if (leftOut !== null) this.log.warn({ ...fields, leftOut }, 'request could not be served');
  }
}
