import type { Clock } from '../../kernel/clock.js';
import type {
  Decision,
  DecisionReason,
  DecisionRecorder,
  OpenDecision,
} from '../decisions/decision.js';
import type { Target } from './allowlist-match.js';
import type { Opened } from './flow.js';
import type { GatewaySession } from './gateway-session.js';

/** What was asked for where it is no target. */
export interface Unread {
  readonly text: string;
}

/** A request on a credential route, without its query and headers. */
export interface RoutedRequest {
  readonly route: string;
  readonly method: string;
  readonly path: string;
  /** Of a refusal: what it was answered with. */
  readonly status?: number;
}

type Masked = NonNullable<GatewaySession['masked']>;

const asItIs: Masked = (text) => text;

const LONGEST_TEXT = 200;
const LONGEST_PATH = 1000;

/** Hands decisions to the recorder. */
export class DecisionDesk {
  readonly #recorder: DecisionRecorder;
  readonly #clock: Clock;

  constructor(recorder: DecisionRecorder, clock: Clock) {
    this.#recorder = recorder;
    this.#clock = clock;
  }

  allowed(session: GatewaySession, { target, passage }: Opened, observed: boolean): OpenDecision {
    const reason = observed ? 'observed' : null;
    const outcome = { allowed: true, rule: passage.rule, reason } as const;
    return this.#recorder.allowed(this.#decision(session, target, outcome));
  }

  /** Of a request on a credential route. */
  routed(session: GatewaySession, target: Target, routed: RoutedRequest): OpenDecision {
    const told = shown(routed, session);
    const outcome = { allowed: true, rule: null, reason: null, ...told } as const;
    return this.#recorder.allowed(this.#decision(session, target, outcome));
  }

  /** Resolves when the client may be answered. */
  async denied(
    session: GatewaySession,
    asked: Target | Unread,
    reason: DecisionReason,
    routed?: RoutedRequest,
  ): Promise<void> {
    const told = routed && shown(routed, session);
    const outcome = { allowed: false, rule: null, reason, ...told };
    const decision = this.#decision(session, asked, outcome);
    // A recorder that fails has said so itself; the refusal stands.
    await this.#recorder.denied(decision).catch(() => undefined);
  }

  /** Resolves when all of the run is written down. */
  async settled({ runId }: GatewaySession): Promise<void> {
    await this.#recorder.settled(runId);
  }

  #decision(
    { runId, turn, masked = asItIs }: GatewaySession,
    asked: Target | Unread,
    outcome: Omit<Decision, 'runId' | 'turn' | 'at' | 'host' | 'port'>,
  ): Decision {
    const at = this.#clock.now();
    const { host, port } =
      'host' in asked ? { host: asked.host.text, port: asked.port } : unread(asked, masked);
    // That of a route is the operator's; any other may be put together by the sandbox.
    const isUpstream = 'host' in asked && typeof outcome.route === 'string';
    return { runId, turn, at, host: isUpstream ? host : masked(host), port, ...outcome };
  }
}

/** Cut, and whatever is not printable ASCII a question mark. */
function unread({ text }: Unread, masked: Masked): { host: string; port: number } {
  return { host: printable(masked(text), LONGEST_TEXT), port: 0 };
}

/** Masked before it is cut: half a value would not be known again. */
function shown(
  { route, method, path, status }: RoutedRequest,
  { masked = asItIs }: Pick<GatewaySession, 'masked'>,
) {
  return {
    route: printable(masked(route), LONGEST_TEXT),
    method: printable(method, LONGEST_TEXT),
    path: printable(masked(path), LONGEST_PATH),
    status: status ?? null,
  };
}

function printable(text: string, most: number): string {
  return text.slice(0, most).replaceAll(/[^\x21-\x7e]/g, '?');
}
