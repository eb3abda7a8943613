import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';

import { DomainError } from '../kernel/domain-error.js';
import { newId } from '../kernel/ids.js';
import { openFilesLimit, shareOut } from '../kernel/open-files.js';
import { AllowedMethods } from './allowed-methods.js';
import { BODY_LIMIT_BYTES, MAX_PARAM_LENGTH, keepBodiesAsBytes } from './body-bytes.js';
import { answerClientError } from './client-error.js';
import { limitConnections } from './connection-limit.js';
import type { ErrorReplies } from './error-replies.js';
import { answerUnrouted } from './not-found.js';
import { registerRequestContext } from './request-context.js';
import { checkFrame, clientRequestIdOf, pathOf } from './request-frame.js';
import type { AnsweredRequest, RequestObservers } from './request-observers.js';
import { securityHeadersFor } from './security-headers.js';
import type { ServerTimeouts } from './server-timeouts.js';
import { discardRest, leavesBodyUnread } from './unread-body.js';

const LONGEST_LOGGED_PATH = 1024;
/** No status of HTTP: what proxies write into their logs where nobody was there to answer. */
const CLIENT_CLOSED_REQUEST = 499;
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route of the server; the architecture test compares it with what is documented. */
    allowedMethods: AllowedMethods;
  }
}

export interface ServerParts {
  readonly replies: ErrorReplies;
  readonly observers: RequestObservers;
  readonly timeouts: ServerTimeouts;
  readonly clientAddressOf: (request: FastifyRequest) => string;
}

/**
 * The frame around every route: ids, headers, limits, timeouts, and the envelope for whatever goes
 * wrong before, beside and after a handler. Routes are added by Nest.
 */
export function createFastifyServer(parts: ServerParts): FastifyInstance {
  const { replies, observers, timeouts } = parts;
  const allowed = new AllowedMethods();
  const server = fastify({
    logger: false,
    genReqId: newId,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Ours answers in the envelope, below.
    return503OnClosing: false,
    requestTimeout: timeouts.requestMs,
    connectionTimeout: timeouts.idleConnectionMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    http: {
      headersTimeout: timeouts.headersMs,
      connectionsCheckingInterval: timeouts.checkEveryMs,
      // Node would answer outside the envelope; `checkFrame` refuses it instead.
      requireHostHeader: false,
    },
    frameworkErrors: (error, request, reply) => {
      tellAtEnd(observers, request, reply);
      setCommonHeaders(request, reply);
      replies.send(request, reply, error);
    },
    clientErrorHandler: (error, socket) => {
      const answer = answerClientError(error, socket);
      if (answer !== null) observers.tell(refusedByParser(answer, socket.remoteAddress));
    },
  });
  // Beyond 2000 Node drops headers in silence, among them those that a proxy appends at the end and
  // that tell the guard about it. Their size together stays limited.
  server.server.maxHeadersCount = 0;
  limitConnections(server.server, shareOut(openFilesLimit()).connections);
  answerExpectations(server);
  keepBodiesAsBytes(server);
  allowed.gatherFrom(server);
  server.decorate('allowedMethods', allowed);
  registerRequestContext(server, parts.clientAddressOf);
  addFrameHooks(server, observers);
  server.setErrorHandler((error: FastifyError, request, reply) => {
    if (leavesBodyUnread(error)) discardRest(request, reply);
    return replies.send(request, reply, error);
  });
  server.setNotFoundHandler((request, reply) => answerUnrouted(allowed, request, reply));
  return server;
}

function addFrameHooks(server: FastifyInstance, observers: RequestObservers): void {
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onRequest', (request, reply, done) => {
    tellAtEnd(observers, request, reply);
    setCommonHeaders(request, reply);
    checkFrame(request);
    if (closing) {
      reply.header('Connection', 'close');
      throw new DomainError('shutting_down', 'The service is stopping', { retryAfterSeconds: 5 });
    }
    done();
  });
}

/** Fastify's `onResponse` does not run for an answer whose client went away in its middle. */
function tellAtEnd(
  observers: RequestObservers,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.raw.on('close', () => observers.tell(answered(request, reply)));
}

/** Node answers `Expect` other than `100-continue` by itself and outside the envelope. */
function answerExpectations(server: FastifyInstance): void {
  server.server.on('checkExpectation', (request, response) => {
    delete request.headers.expect;
    server.server.emit('request', request, response);
  });
}

function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(securityHeadersFor(pathOf(request.raw.url ?? '')));
  reply.header('x-request-id', request.id);
}

function answered(request: FastifyRequest, reply: FastifyReply): AnsweredRequest {
  return {
    requestId: request.id,
    method: request.raw.method ?? '',
    path: pathOf(request.raw.url ?? '').slice(0, LONGEST_LOGGED_PATH),
    route: request.routeOptions?.url ?? 'unmatched',
    status: reply.raw.headersSent ? reply.statusCode : CLIENT_CLOSED_REQUEST,
    aborted: !reply.raw.writableFinished,
    durationMs: reply.elapsedTime,
    clientAddress: request.risoluto?.clientAddress ?? request.raw.socket.remoteAddress ?? '',
    actor: SAFE_METHODS.has(request.method) ? undefined : request.risoluto?.actor,
    clientRequestId: clientRequestIdOf(request),
  };
}

function refusedByParser(
  answer: { requestId: string; status: number },
  address?: string,
): AnsweredRequest {
  return {
    ...answer,
    method: 'invalid',
    path: '',
    route: 'unmatched',
    durationMs: 0,
    aborted: false,
    clientAddress: address ?? '',
    actor: undefined,
    clientRequestId: undefined,
  };
}
