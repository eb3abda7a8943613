import type { Clock } from '../../kernel/clock.js';
import type { AddressFilter } from '../address-class.js';
import type { DecisionRecorder } from '../decisions/decision.js';
import type { EgressRules } from './gateway-session.js';
import type { NameResolver } from './name-resolver.js';

export interface GatewayOptions {
  /** The instance's key; the credentials of every run are made from it. */
  readonly key: Buffer;
  /** As they are now: asked at every connection, so that an answer is to cost nothing. */
  readonly rules: () => EgressRules;
  readonly recorder: DecisionRecorder;
  readonly resolver: NameResolver;
  /** Addresses and ranges of the host and of its sandboxes; asked at most once a second. */
  readonly ownAddresses: () => readonly string[];
  readonly clock: Clock;
  /** Of clients, of all runs together; each has one more of its own to where it goes. */
  readonly mostConnections?: number;
  readonly timings?: Partial<GatewayTimings>;
  /** Whose tunnels are read as plain HTTP: 80, but for tests that may not listen there. */
  readonly httpPort?: number;
  /** In the place of the rules' ranges and the own addresses, for tests on loopback. */
  readonly addressFilter?: Pick<AddressFilter, 'blocked'>;
}

/** In milliseconds. */
export interface GatewayTimings {
  /** From a connection, or the end of an answer, to the end of a request's head. */
  readonly headMs: number;
  /** From the answer to a CONNECT to the end of a ClientHello. */
  readonly helloMs: number;
  readonly resolveMs: number;
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** The same, once one side has ended. */
  readonly halfOpenMs: number;
  /** How often what is too slow or too quiet is looked for. */
  readonly lookMs: number;
}

export const TIMINGS: GatewayTimings = {
  headMs: 10_000,
  helloMs: 10_000,
  resolveMs: 10_000,
  connectMs: 10_000,
  idleMs: 15 * 60_000,
  halfOpenMs: 60_000,
  lookMs: 1000,
};

export const HTTP_PORT = 80;
export const MOST_CONNECTIONS = 16_384;
/** Of each socket and direction: what a side that does not read can make the gateway hold. */
export const BUFFER_BYTES = 64 * 1024;
