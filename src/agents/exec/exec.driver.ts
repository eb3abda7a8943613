import { setImmediate as soon, setTimeout as sleep } from 'node:timers/promises';

import type { ExecAgent } from '../../config/agents-schema.js';
import type { AgentRequest } from '../../runs/agents/agent-request.js';
import {
  TurnDriver,
  type AgentDesk,
  type AgentLaunch,
  type AgentProcess,
  type AgentReader,
  type AgentTurn,
  type AgentVerdict,
} from '../../runs/agents/turn-driver.js';
import { checkExecRequest, execArgv } from './exec-argv.js';
import { readLine } from './line-reading.js';

/** How long a program may take to end by itself once it has said how the turn ended. */
const AFTER_RESULT_MS = 10_000;
const STOPPED: AgentVerdict = { status: 'failed', reason: 'interrupted', message: null };

/** Any program that reads a prompt and prints JSON lines, as the operator's settings describe it. */
export class ExecDriver extends TurnDriver {
  readonly kind: string;
  readonly compacts = false;

  constructor(private readonly settings: ExecAgent) {
    super();
    this.kind = settings.name;
  }

  check(request: AgentRequest): void {
    checkExecRequest(this.settings, request);
  }

  routes(): readonly string[] {
    return this.settings.credentialRoutes;
  }

  launch({ agent, memory }: AgentTurn): AgentLaunch {
    const { promptBy, env } = this.settings;
    return {
      argv: execArgv(this.settings, agent, memory),
      env,
      files: [],
      ...(promptBy === 'stdin' && { input: agent.prompt }),
      ...(promptBy === 'argument' && { input: '' }),
    };
  }

  reader(): AgentReader {
    return { push: (line) => readLine(this.settings.lines, line).events };
  }

  async conduct(turn: AgentTurn, process: AgentProcess, desk: AgentDesk): Promise<AgentVerdict> {
    const { leaving } = process;
    const left = new Promise<never>((_, reject) => {
      const leave = () => reject(new Error('the agent is left to another process'));
      if (leaving.aborted) leave();
      leaving.addEventListener('abort', leave, { once: true });
    });
    const conversation = new Conversation(this.settings, turn, { process, desk });
    return Promise.race([conversation.lead(), left]);
  }
}

/** One turn of a program, by what it prints. */
class Conversation {
  #heard = false;
  #memory: string | null;

  constructor(
    private readonly settings: ExecAgent,
    private readonly turn: AgentTurn,
    private readonly ends: { process: AgentProcess; desk: AgentDesk },
  ) {
    this.#memory = turn.memory;
  }

  async lead(): Promise<AgentVerdict> {
    const { process } = this.ends;
    if (this.settings.promptBy === 'lines') {
      void this.#prompt();
      process.stopping.addEventListener('abort', () => this.#say({ type: 'interrupt' }));
      if (process.stopping.aborted) this.#say({ type: 'interrupt' });
      return (await this.#read()) ?? this.#ended();
    }
    const verdict = this.#read();
    const stopped = new Promise<null>((resolve) => {
      process.stopping.addEventListener('abort', () => resolve(null), { once: true });
    });
    const first = await Promise.race([verdict, stopped]);
    if (process.stopping.aborted) return first ?? STOPPED;
    if (first === null) return this.#ended();
    // It may still have something to put away; it is not ended under its hands.
    await Promise.race([process.exited, sleep(AFTER_RESULT_MS, undefined, { ref: false })]);
    return first;
  }

  /**
   * Whether an earlier process of ours said it before is not known where nothing came of it: so an
   * agent heeds the first prompt of a turn alone.
   */
  async #prompt(): Promise<void> {
    const { process } = this.ends;
    await process.caughtUp;
    await soon();
    if (this.#heard) return;
    const { agent, issue, turn, memory } = this.turn;
    const { prompt, model, effort } = agent;
    this.#say({ type: 'prompt', turn, issue, prompt, model, effort, memory });
  }

  /** One that is gone reads nothing more; that its lines end says so. */
  #say(line: Readonly<Record<string, unknown>>): void {
    void this.ends.process.write(JSON.stringify(line)).catch(() => undefined);
  }

  /** `null` where the lines end without a verdict. */
  async #read(): Promise<AgentVerdict | null> {
    const { process, desk } = this.ends;
    for await (const { text } of process.lines) {
      this.#heard = true;
      const { memory, verdict } = readLine(this.settings.lines, text);
      if (memory !== null && memory !== this.#memory) {
        this.#memory = memory;
        await desk.remember(memory);
      }
      if (verdict !== null) return verdict;
    }
    return null;
  }

  /** By its exit code, where that is how such programs tell how it went. */
  async #ended(): Promise<AgentVerdict> {
    const { promptBy, resume, lines } = this.settings;
    const code = await this.ends.process.exited;
    const tellsSuccess = promptBy === 'lines' || lines?.succeeded !== undefined;
    if (code === 0 && !tellsSuccess) return { status: 'succeeded', reason: null, message: null };
    const goesOn = promptBy === 'lines' || resume !== undefined;
    const resumable = goesOn && this.#memory !== null;
    const [reason, message] =
      code === 0
        ? ['no_result', 'The agent ended without saying how the turn went.']
        : ['exit_code', code === null ? 'The agent was lost.' : `The agent ended with ${code}.`];
    return { status: 'failed', reason, message, resumable };
  }
}
