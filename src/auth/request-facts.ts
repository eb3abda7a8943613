import type { FastifyRequest } from 'fastify';

import type { RouteAccess } from '../kernel/route-metadata.js';
import type { AccessFacts, Presented } from './access-decision.js';
import { bearerTokenOf, type ExpectedToken } from './bearer-token.js';
import type { DeniedPeers } from './denied-peers.js';
import { isLocalRequest } from './local-request.js';

/** The tokens that this service takes; `null` where none is set. */
export interface ExpectedTokens {
  readonly write: ExpectedToken | null;
  readonly read: ExpectedToken | null;
}

/** The facts of a request. Each is looked at only when the decision turns on it. */
export class RequestFacts implements AccessFacts {
  readonly #token: string | null;

  constructor(
    readonly access: RouteAccess | undefined,
    private readonly request: FastifyRequest,
    private readonly tokens: ExpectedTokens,
    private readonly deniedPeers: DeniedPeers,
  ) {
    this.#token = bearerTokenOf(request.headers.authorization);
  }

  get method(): string {
    return this.request.method;
  }

  get local(): boolean {
    return isLocalRequest(this.#peer, this.request.headers);
  }

  get fromSandbox(): boolean {
    const peer = this.#peer;
    return peer === undefined || this.deniedPeers.includes(peer);
  }

  get writeTokenSet(): boolean {
    return this.tokens.write !== null;
  }

  get readTokenSet(): boolean {
    return this.tokens.read !== null;
  }

  get writeToken(): Presented {
    return measured(this.#token, this.tokens.write);
  }

  get readToken(): Presented {
    return measured(this.#token, this.tokens.read);
  }

  get #peer(): string | undefined {
    return this.request.raw.socket.remoteAddress;
  }
}

function measured(given: string | null, expected: ExpectedToken | null): Presented {
  if (given === null || expected === null) return 'none';
  return expected.matches(given) ? 'valid' : 'invalid';
}
