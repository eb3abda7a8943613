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

const LONGEST_TEXT = 200;

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

  /** Resolves when the client may be answered. */
  async denied(
    session: GatewaySession,
    asked: Target | Unread,
    reason: DecisionReason,
  ): Promise<void> {
    const decision = this.#decision(session, asked, { allowed: false, rule: null, reason });
    // A recorder that fails has said so itself; the refusal stands.
    await this.#recorder.denied(decision).catch(() => undefined);
  }

  /** Resolves when all of the run is written down. */
  async settled({ runId }: GatewaySession): Promise<void> {
    await this.#recorder.settled(runId);
  }

  #decision(
    { runId, turn }: GatewaySession,
    asked: Target | Unread,
    outcome: Pick<Decision, 'allowed' | 'rule' | 'reason'>,
  ): Decision {
    const at = this.#clock.now();
    const named = 'host' in asked ? { host: asked.host.text, port: asked.port } : unread(asked);
    return { runId, turn, at, ...named, ...outcome };
  }
}

/** Cut, and whatever is not printable ASCII a question mark. */
function unread({ text }: Unread): { host: string; port: number } {
  return { host: text.slice(0, LONGEST_TEXT).replaceAll(/[^\x21-\x7e]/g, '?'), port: 0 };
}
