import { Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import {
  ACCESS_METADATA,
  WRITE_PARAMETER_METADATA,
  type RouteAccess,
} from '../kernel/route-metadata.js';
import { Metrics } from '../metrics/metrics.js';
import { decideAccess, type DenialCode } from './access-decision.js';
import { ExpectedToken } from './bearer-token.js';
import { DenialLog } from './denial-log.js';
import { DeniedPeers } from './denied-peers.js';
import { RequestFacts, type ExpectedTokens } from './request-facts.js';

const MESSAGES: Readonly<Record<DenialCode, string>> = {
  access_undeclared: 'This route does not say who may call it, so nobody may',
  sandbox_forbidden: 'A sandbox may not change anything here',
  write_unauthorized: 'A valid write token is needed: Authorization: Bearer <token>',
  write_forbidden:
    'Without a write token only programs of this machine may write; set RISOLUTO_WRITE_TOKEN',
  read_unauthorized: 'A valid read or write token is needed: Authorization: Bearer <token>',
};

interface DeclaredAccess {
  readonly access: RouteAccess | undefined;
  /** The query parameter that makes a call of a reading route a write. */
  readonly writeParameter: string | undefined;
}

/** Gathers what `decideAccess` decides on, and carries the decision out. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #tokens: ExpectedTokens;
  readonly #accessOf = new WeakMap<object, DeclaredAccess>();
  readonly #denials = new DenialLog(new Logger(AccessGuard.name));

  constructor(
    { auth }: Settings,
    private readonly deniedPeers: DeniedPeers,
    private readonly metrics: Metrics,
  ) {
    this.#tokens = {
      write: auth.writeToken === null ? null : new ExpectedToken(auth.writeToken),
      read: auth.readToken === null ? null : new ExpectedToken(auth.readToken),
    };
  }

  canActivate(context: ExecutionContext): boolean {
    const request = context.getArgByIndex<FastifyRequest>(0);
    const declared = this.#declaredAccess(context);
    const access = asCalled(declared, request);
    const decision = decideAccess(
      new RequestFacts(access, request, this.#tokens, this.deniedPeers),
    );
    if (decision.allowed) {
      request.risoluto.actor = decision.actor;
      return true;
    }
    this.metrics.accessDenials.inc({ code: decision.code });
    this.#denials.write(decision.code, {
      requestId: request.risoluto.requestId,
      clientAddress: request.risoluto.clientAddress,
      method: request.method,
      route: request.routeOptions.url,
    });
    throw new DomainError(decision.code, MESSAGES[decision.code]);
  }

  /** Of the handler alone: access inherited from a class would open a handler that forgot its own. */
  #declaredAccess(context: ExecutionContext): DeclaredAccess {
    const handler = context.getHandler();
    let known = this.#accessOf.get(handler);
    if (known === undefined) {
      known = {
        access: Reflect.getMetadata(ACCESS_METADATA, handler) as RouteAccess | undefined,
        writeParameter: Reflect.getMetadata(WRITE_PARAMETER_METADATA, handler) as
          string | undefined,
      };
      this.#accessOf.set(handler, known);
    }
    return known;
  }
}

/** Whatever the parameter's value is, but the `false` that asks for nothing. */
function asCalled(
  { access, writeParameter }: DeclaredAccess,
  request: FastifyRequest,
): RouteAccess | undefined {
  if (access === undefined || writeParameter === undefined) return access;
  const given = (request.query as Record<string, unknown>)[writeParameter];
  return given === undefined || given === 'false' ? access : 'write';
}
