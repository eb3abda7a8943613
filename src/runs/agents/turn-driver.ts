import type { EffectivePolicy } from '../../sandbox/policy.js';
import type { AgentRequest } from './agent-request.js';

/** One turn of an agent, as its driver is told of it. */
export interface AgentTurn {
  readonly runId: string;
  readonly issue: string;
  readonly turn: number;
  /** The prompt is this turn's. */
  readonly agent: AgentRequest;
  readonly policy: EffectivePolicy;
  /** Base URLs, inside the sandbox, of the credential routes that the turn has; by name. */
  readonly routes: Readonly<Record<string, string>>;
  /** What the driver last remembered of this run; `null` before it remembered anything. */
  readonly memory: string | null;
}

/** What is started in the sandbox, with its standard input kept open. */
export interface AgentLaunch {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Written through the frame before it starts, mode 0600, missing directories too; absolute paths inside. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** A line of an agent's standard output, without its line break. */
export interface AgentLine {
  readonly text: string;
  /** Milliseconds since 1970, by the engine's clock. */
  readonly at: number;
  /** It was printed before this process of ours took the agent over. */
  readonly replayed: boolean;
}

/** An agent that runs. It may have been started by an earlier process of ours. */
export interface AgentProcess {
  /** From the first line on; ends when its standard output does. Read once. */
  readonly lines: AsyncIterable<AgentLine>;
  /** Resolves when all that had been printed before the take-over was read; at once for a new one. */
  readonly caughtUp: Promise<void>;
  /** Fires when the turn shall end: the run is cancelled, its time is up. SIGTERM follows after a grace. */
  readonly stopping: AbortSignal;
  /** Fires when this service leaves the agent running for another one to take over: `conduct` rejects soon. */
  readonly leaving: AbortSignal;
  /** A line, without its break, to its standard input. Rejects when the agent is gone. */
  write(line: string): Promise<void>;
  /** Ends its standard input. */
  closeInput(): void;
}

/** What a driver keeps and tells while a turn goes on. */
export interface AgentDesk {
  /** Durable when it resolves, with the run; comes back as `AgentTurn.memory`. No secrets. */
  remember(memory: string): Promise<void>;
  /** A normalised event, of our own rather than of a line: appended to the output in its order. */
  tell(event: AgentEvent): Promise<void>;
}

/** How a turn ended, from the agent's own protocol. */
export interface AgentVerdict {
  readonly status: 'succeeded' | 'failed';
  /** A stable word; `null` where the status says it all. */
  readonly reason: string | null;
  /** A sentence for a person. */
  readonly message: string | null;
  /** The agent broke off, and a new process of it may go on from what the driver remembered. */
  readonly resumable?: boolean;
}

export type AgentEventType =
  | 'message'
  | 'reasoning'
  | 'command'
  | 'file_change'
  | 'tool'
  | 'plan'
  | 'usage'
  | 'approval'
  | 'notice'
  | 'error';

/** What an agent did, in the words that all agents share. */
export interface AgentEvent {
  readonly type: AgentEventType;
  /** For a person, with its line breaks. */
  readonly text: string;
  /** Exit code of a `command`, counts of `usage`, paths of a `file_change`, and the like. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Reads an agent's lines into events. Pure but for what it remembers of earlier lines. */
export interface AgentReader {
  push(line: string): readonly AgentEvent[];
}

/**
 * One kind of agent. `runs` starts its sandbox, keeps its raw output, asks for its events and sees to
 * limits of time and disk; a driver speaks the agent's protocol.
 */
export abstract class TurnDriver {
  /** `agent.kind` of a request. */
  abstract readonly kind: string;

  /** @throws DomainError `validation_failed` or `control_unavailable` for what it can not do. */
  abstract check(agent: AgentRequest): void;

  /** Names of the credential routes that a turn needs beside those that its request names. */
  abstract routes(agent: AgentRequest): readonly string[];

  abstract launch(turn: AgentTurn): AgentLaunch;

  abstract reader(): AgentReader;

  /**
   * Leads the agent through the turn and resolves once it is over; whoever called closes the sandbox
   * then. Where the lines end first, that is the verdict too. Rejects only when `leaving` fires.
   */
  abstract conduct(turn: AgentTurn, process: AgentProcess, desk: AgentDesk): Promise<AgentVerdict>;
}

/** Where modules above hand in theirs when they are made. */
export class TurnDrivers {
  readonly #drivers = new Map<string, TurnDriver>();

  register(driver: TurnDriver): void {
    this.#drivers.set(driver.kind, driver);
  }

  /** `undefined`: this service has no such kind. */
  of(kind: string): TurnDriver | undefined {
    return this.#drivers.get(kind);
  }

  get kinds(): readonly string[] {
    return [...this.#drivers.keys()].toSorted();
  }
}
