import type { AgentTurn } from '../../runs/agents/turn-driver.js';
import type { ReadQuestion } from './question.js';
import type { Interruption } from './verdict.js';
import type { UsageOnWire } from './wire.js';

/** Whom a conductor asks and tells outside its conversation. */
export abstract class Outside {
  /** The limit that was passed before the turn began; `null`: it may begin. */
  abstract allowance(turn: AgentTurn): Promise<Interruption | null>;
  /**
   * Takes the thread's whole count down, durably, and says which limit it has passed. The first
   * count of a process may be below the last one of the process before.
   */
  abstract count(turn: AgentTurn, usage: CountedUsage): Promise<Interruption | null>;
  /**
   * Whether Codex may do what it asks for. The same question, asked again by another life of the
   * service, has the same answer. Rejects when `gone` fires first.
   */
  abstract decide(
    turn: AgentTurn,
    question: ReadQuestion,
    gone: AbortSignal,
  ): Promise<'approve' | 'deny'>;
  /** The turn has ended, and what it asked for needs no answer any more. */
  abstract over(turn: AgentTurn): Promise<void>;
  /** People may speak to the turn from now on. Answers with what is called when it is over. */
  abstract present(turn: AgentTurn, controls: TurnControls): () => void;
}

export interface CountedUsage extends UsageOnWire {
  readonly threadId: string;
  /** As Codex says; `null` before it did. */
  readonly model: string | null;
}

/** What people may have a turn of Codex do while it goes on. */
export interface TurnControls {
  /** Resolves once Codex took it. @throws DomainError `turn_not_steerable` */
  steer(text: string): Promise<void>;
  interrupt(message: string): void;
}
