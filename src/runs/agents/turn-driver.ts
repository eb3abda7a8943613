import { LINE_EVENT_TYPES } from '../../config/agents-schema.js';
import type { EffectivePolicy } from '../../sandbox/policy.js';
import type { AgentRequest } from './agent-request.js';

/** One turn of an agent, as its driver is told of it. */
export interface AgentTurn {
  readonly runId: string;
  readonly issue: string;
  readonly turn: number;
  /** Which start of the agent for this turn it is, from 1: those before broke off. */
  readonly attempt: number;
  /** The prompt is this turn's; of a compaction, which has none, it is that of the run. */
  readonly agent: AgentRequest;
  /** Nothing is to be done but to shorten the agent's conversation. Only where its driver `compacts`. */
  readonly compaction: boolean;
  readonly policy: EffectivePolicy;
  /** Base URLs, inside the sandbox, of the credential routes that the turn has; by name. */
  readonly routes: Readonly<Record<string, string>>;
  /** What the driver last remembered of this run; `null` before it remembered anything. */
  readonly memory: string | null;
}

/** What is started in the sandbox. */
export interface AgentLaunch {
  readonly argv: readonly string[];
  /** Beside the request's and in its place; under the same rules, so no loader's names and none of ours. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Written through the frame before it starts, mode 0600, missing directories too (0700); absolute
   * paths inside. 1 MiB together. No secrets.
   */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Symbolic links, made as the files are; `target` is a directory, made where it is missing. */
  readonly links?: readonly { readonly path: string; readonly target: string }[];
  /** The whole of its standard input, where nothing is said to it later; else the input is kept open. */
  readonly input?: string;
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
  /** Its exit code, as soon as it has ended; `null` where that is not known. Never rejects. */
  readonly exited: Promise<number | null>;
  /**
   * A line, without its break, to its standard input, once the agent is known to have begun. Rejects
   * when it is gone, and where its launch had an `input`.
   */
  write(line: string): Promise<void>;
  /**
   * Lets go of its standard input. The agent sees no end of it: an engine gives none to a container that
   * is to outlive its writer. Whoever calls `conduct` ends the agent when it has resolved.
   */
  closeInput(): void;
  /** It waits for us, not we for it: no stall is counted until the answer is called. */
  hold(): () => void;
}

/** What a driver keeps and tells while a turn goes on. */
export interface AgentDesk {
  /** Durable when it resolves, with the run; comes back as `AgentTurn.memory`. No secrets. */
  remember(memory: string): Promise<void>;
  /**
   * A normalised event, of our own rather than of a line: appended to the output in its order, masked.
   * Durable when it resolves. After a take-over it is there already if it was told before.
   */
  tell(event: AgentEvent): Promise<void>;
  /** The text without the values of the run's secrets, as its output has it. */
  masked(text: string): string;
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

/** What lines tell, and what Risoluto adds: that a person is asked. */
export const AGENT_EVENT_TYPES = [...LINE_EVENT_TYPES, 'approval'] as const;

export type AgentEventType = (typeof AGENT_EVENT_TYPES)[number];

/** What an agent did, in the words that all agents share. */
export interface AgentEvent {
  readonly type: AgentEventType;
  /** For a person, with its line breaks; a last one is added where there is none. Cut at 32 KiB. */
  readonly text: string;
  /** Of at most 16 KiB as JSON. Exit code of a `command`, counts of `usage`, paths of a `file_change`, and the like. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Reads an agent's lines into events. Its answers depend on the lines since the first alone: after a
 * take-over it is given them again, and what it answers to those whose events are stored is dropped by
 * its count. An event is whole: secrets are masked in each by itself, so that pieces of a text (deltas)
 * would let one through.
 */
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

  /** A turn may be a compaction: the agent can shorten what it remembers of its conversation. */
  abstract readonly compacts: boolean;

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
