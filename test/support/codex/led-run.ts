import type { AgentTurn, AgentVerdict } from '../../../src/runs/agents/turn-driver.js';
import type { EffectivePolicy } from '../../../src/sandbox/policy.js';
import { Conductor, type ConductOptions } from '../../../src/agents/codex/conductor.js';
import type { CountedUsage, Outside, TurnControls } from '../../../src/agents/codex/outside.js';
import type { ScriptedCodex } from './scripted-codex.js';

export const RUN = '01K0000000000000000000000A';

export const OPTIONS: ConductOptions = {
  version: '0.0.0',
  model: 'gpt-5.5',
  effort: null,
  approvalPolicy: 'never',
  interruptGraceMs: 60_000,
  newId: () => '01K0000000000000000000000B',
};

export function turnOf(memory: string | null, compaction = false): AgentTurn {
  const policy = { networkAccess: false } as EffectivePolicy;
  const agent = { kind: 'codex', prompt: 'do it' };
  const of = { runId: RUN, issue: 'MT-1', turn: 1, attempt: 1 };
  return { ...of, agent, compaction, policy, routes: {}, memory };
}

/** One run, and what outlives the lives of the service that lead it. */
export class LedRun {
  memory: string | null = null;
  compaction = false;
  readonly counts: CountedUsage[] = [];
  readonly asked: string[] = [];
  controls: TurnControls | null = null;
  readonly outside: Outside;

  constructor(
    readonly codex: ScriptedCodex,
    more: Partial<Outside> = {},
    readonly options: Partial<ConductOptions> = {},
  ) {
    this.outside = {
      allowance: () => Promise.resolve(null),
      count: (_, usage) => {
        this.counts.push(usage);
        return Promise.resolve(null);
      },
      decide: (_, { key }) => {
        this.asked.push(key);
        return Promise.resolve('deny');
      },
      over: () => Promise.resolve(),
      present: (_, controls) => {
        this.controls = controls;
        return () => (this.controls = null);
      },
      ...more,
    };
  }

  life(adopted = false): { verdict: Promise<AgentVerdict>; leave: () => void; stop: () => void } {
    const { process, leave, stop } = this.codex.attach(adopted);
    const desk = {
      remember: (memory: string) => {
        this.memory = memory;
        return Promise.resolve();
      },
      tell: () => Promise.resolve(),
      masked: (text: string) => text,
    };
    const options = { ...OPTIONS, ...this.options };
    const turn = turnOf(this.memory, this.compaction);
    const conductor = new Conductor(turn, process, desk, options, this.outside);
    return { verdict: conductor.run(), leave, stop };
  }
}
