import type {
  AgentDesk,
  AgentProcess,
  AgentTurn,
  AgentVerdict,
} from '../../runs/agents/turn-driver.js';
import { endedTurn, hear, REQUEST, SILENCE, type Conversation } from './conversation.js';
import { request } from './json-rpc.js';
import { hopeless, nextRequest, nothingToCompact, type TurnPlan } from './next-request.js';
import type { Outside } from './outside.js';
import type { TurnInterruptParams } from './protocol/v2/TurnInterruptParams.js';
import { Questions } from './questions.js';
import { Steering } from './steering.js';
import { readMemory, writeMemory } from './thread-memory.js';
import { deferred } from './deferred.js';
import {
  CRASHED,
  interrupted,
  NOTHING_TO_COMPACT,
  refused,
  verdictOf,
  type Interruption,
} from './verdict.js';

export type ConductOptions = Omit<TurnPlan, 'turn' | 'threadId' | 'adopted'> & {
  /** How long Codex has to end an interrupted turn; then its container goes. */
  readonly interruptGraceMs: number;
  readonly newId: () => string;
};

/**
 * Leads one app-server through one turn. What it knows is a fold over the lines; what it does are
 * requests that the lines still want. So a service that takes Codex over reads the log and is where
 * its predecessor was.
 */
export class Conductor {
  readonly #written = new Set<string>();
  readonly #questions: Questions;
  readonly #steering: Steering;
  /** A person is waited for, or a command of Codex's: no stall is counted until this is called. */
  #release: (() => void) | null = null;
  readonly #outcome = deferred<AgentVerdict>();
  #now: Conversation = SILENCE;
  #plan: TurnPlan;
  /** What was printed before the take-over is read, and the turn may begin. */
  #live = false;
  #over = false;
  #knownThread: string | null;
  #counted: Conversation['usage'] = null;
  /** What must be durable before the next request goes out, and before the verdict. */
  #storing: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #writing: Promise<unknown> = Promise.resolve();
  #unwritten = 0;
  #interruption: Interruption | null = null;
  #grace: NodeJS.Timeout | undefined;
  #withdraw: (() => void) | null = null;

  constructor(
    private readonly turn: AgentTurn,
    private readonly process: AgentProcess,
    private readonly desk: AgentDesk,
    private readonly options: ConductOptions,
    private readonly outside: Outside,
  ) {
    this.#knownThread = readMemory(turn.memory);
    this.#plan = { ...options, turn, threadId: this.#knownThread, adopted: false };
    const write = (line: string) => this.#write(line);
    this.#questions = new Questions(turn, outside, write, {
      decided: () => this.#act(),
      masked: (text) => desk.masked(text),
    });
    this.#steering = new Steering(write, options.newId);
  }

  /** Once. */
  async run(): Promise<AgentVerdict> {
    const { stopping, leaving, caughtUp } = this.process;
    const stop = () => this.#interrupt(STOPPED);
    const leave = () => this.#outcome.reject(new Error('the service leaves the agent running'));
    stopping.addEventListener('abort', stop);
    leaving.addEventListener('abort', leave);
    if (leaving.aborted) leave();
    this.#read().catch(this.#outcome.reject);
    caughtUp.then(() => this.#takeOver()).catch(this.#outcome.reject);
    if (stopping.aborted) stop();
    try {
      return await this.#outcome.promise;
    } finally {
      this.#over = true;
      stopping.removeEventListener('abort', stop);
      leaving.removeEventListener('abort', leave);
      clearTimeout(this.#grace);
      this.#release?.();
      this.#questions.end();
      this.#steering.end();
      this.#withdraw?.();
    }
  }

  async #read(): Promise<void> {
    for await (const { text } of this.process.lines) {
      this.#now = hear(this.#now, text);
      if (this.#live) this.#act();
    }
    this.#count(this.#now);
    this.#end(this.#verdict() ?? CRASHED);
  }

  #takeOver(): void {
    this.#plan = { ...this.#plan, adopted: this.#now.threadId !== null };
    this.#live = true;
    if (this.#now.turnId === null) this.#store(this.outside.allowance(this.turn));
    this.#act();
  }

  /** Does what the conversation, as it stands, still wants. */
  #act(): void {
    if (this.#over || !this.#live) return;
    const now = this.#now;
    this.#count(now);
    const verdict = endedTurn(now) === null ? null : this.#verdict();
    const reason = hopeless(now);
    if (verdict !== null || reason !== null) return this.#end(verdict ?? refused(reason ?? ''));
    if (nothingToCompact(now, this.#plan)) return this.#end(NOTHING_TO_COMPACT);
    this.#questions.look(now);
    this.#steering.look(now);
    this.#beForbearing(now);
    if (now.threadId !== null && now.turnId !== null) this.#during(now.threadId, now.turnId);
    else this.#begin(now);
  }

  #begin(now: Conversation): void {
    if (this.#interruption !== null && !this.#mayHaveBegun(now)) {
      return this.#end(interrupted(this.#interruption));
    }
    if (now.threadId !== null && now.threadId !== this.#knownThread) {
      this.#knownThread = now.threadId;
      this.#store(this.desk.remember(writeMemory(now.threadId)).then(() => null));
    }
    // No prompt goes out before its thread is known to whoever may come after us.
    if (this.#pending > 0) return;
    const next = nextRequest(now, this.#plan);
    if (next === null || this.#written.has(next.id)) return;
    this.#written.add(next.id);
    for (const line of next.lines) this.#write(line);
  }

  /** The request that begins the turn went out, or our predecessor may have written it. */
  #mayHaveBegun({ barriers, compacting }: Conversation): boolean {
    const began = [REQUEST.turn, REQUEST.compaction].some((id) => this.#written.has(id));
    return began || compacting || (this.#plan.adopted && barriers === 0);
  }

  #during(threadId: string, turnId: string): void {
    this.#withdraw ??= this.outside.present(this.turn, {
      steer: (text) => this.#steering.steer(threadId, turnId, text),
      interrupt: (message) => this.#interrupt({ reason: 'interrupted', message }),
    });
    if (this.#interruption === null || this.#written.has('interrupt')) return;
    this.#written.add('interrupt');
    const params: TurnInterruptParams = { threadId, turnId };
    this.#write(request('interrupt', 'turn/interrupt', params));
  }

  #beForbearing({ working }: Conversation): void {
    const busy = this.#questions.waiting || Object.keys(working).length > 0;
    if (busy) this.#release ??= this.process.hold();
    else {
      this.#release?.();
      this.#release = null;
    }
  }

  /** The first reason stands. */
  #interrupt(interruption: Interruption): void {
    if (this.#interruption !== null || this.#over) return;
    this.#interruption = interruption;
    const end = () => this.#end(interrupted(interruption));
    this.#grace = setTimeout(end, this.options.interruptGraceMs);
    this.#act();
  }

  #count({ usage, threadId, model }: Conversation): void {
    if (usage === null || threadId === null || usage === this.#counted) return;
    this.#counted = usage;
    this.#store(this.outside.count(this.turn, { ...usage, threadId, model }));
  }

  /** One after another; a limit that it turns out to have passed interrupts the turn. */
  #store(work: Promise<Interruption | null>): void {
    this.#pending += 1;
    const stored = this.#afterStoring(this.#storing, work);
    this.#storing = stored;
    stored.catch(this.#outcome.reject);
  }

  async #afterStoring(
    earlier: Promise<unknown>,
    work: Promise<Interruption | null>,
  ): Promise<void> {
    const [, passed] = await Promise.all([earlier, work]).finally(() => {
      this.#pending -= 1;
    });
    if (passed !== null) this.#interrupt(passed);
    this.#act();
  }

  #verdict(): AgentVerdict | null {
    const turn = endedTurn(this.#now);
    if (turn !== null) return verdictOf(turn, this.#interruption);
    return this.#interruption === null ? null : interrupted(this.#interruption);
  }

  #end(verdict: AgentVerdict): void {
    if (this.#over) return;
    this.#over = true;
    this.process.closeInput();
    const stored = this.#storing.then(() => this.outside.over(this.turn));
    stored.then(() => this.#outcome.resolve(verdict), this.#outcome.reject);
  }

  #write(line: string): void {
    // One that asks and asks and reads no answer is not to fill our memory with them.
    if (this.#over || this.#unwritten >= MOST_UNWRITTEN) return;
    this.#unwritten += 1;
    // An agent that is gone ends its lines, which says all.
    this.#writing = this.#writing
      .then(() => this.process.write(line))
      .catch(() => undefined)
      .finally(() => (this.#unwritten -= 1));
  }
}

const MOST_UNWRITTEN = 1000;

const STOPPED: Interruption = { reason: 'interrupted', message: 'The turn was stopped' };
