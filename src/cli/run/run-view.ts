import { shellWord } from '../../kernel/shell-words.js';

/** A run as the service answers it; what the command line needs of it. */
export interface RunView {
  id: string;
  issue: string;
  status: string;
  exitCode: number | null;
  reason: string | null;
  message: string | null;
  actor: string;
  createdAt: string;
  phases: Record<string, string | null>;
  keepAlive: boolean;
  turn: number;
  /** `null` where the run is an agent's. */
  command: string[] | null;
  agent: { kind: string; prompt: string; model?: string; effort?: string } | null;
  credentialRoutes: string[];
  env: string[];
  secrets: Record<string, string>;
}

/** Where the service has it, below its API. */
export function runPath(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

const LONGEST_PROMPT = 120;
const FINAL = new Set(['succeeded', 'failed', 'cancelled', 'timed_out', 'out_of_memory', 'lost']);

export function hasFinished(run: RunView): boolean {
  return FINAL.has(run.status);
}

/** A run for a person, a line for each thing that is known. */
export function describeRun(run: RunView): string {
  const facts: [string, string | null][] = [
    ['run', run.id],
    ['issue', run.issue],
    ['status', run.status],
    ['turn', run.keepAlive ? String(run.turn) : null],
    ['exit code', run.exitCode === null ? null : String(run.exitCode)],
    ['reason', run.reason],
    ['message', run.message],
    ['actor', run.actor],
    ['command', run.command?.map(shellWord).join(' ') ?? null],
    [
      'agent',
      run.agent && [run.agent.kind, run.agent.model, run.agent.effort].filter(Boolean).join(' '),
    ],
    ['prompt', run.agent && shortened(run.agent.prompt)],
    ['routes', run.credentialRoutes.join(' ') || null],
    ['env', run.env.join(' ') || null],
    ['secrets', Object.entries(run.secrets).map(shownSecret).join(' ') || null],
    ...Object.entries(run.phases).map(([name, at]): [string, string | null] => [
      name.replace(/At$/, ''),
      at,
    ]),
  ];
  return facts
    .filter((fact): fact is [string, string] => fact[1] !== null)
    .map(([name, value]) => `${name.padEnd(10)} ${value}`)
    .join('\n');
}

/** Its first line, as far as a line of a terminal goes. */
function shortened(prompt: string): string {
  const [line = ''] = prompt.trim().split('\n', 1);
  const start = line.length > LONGEST_PROMPT ? line.slice(0, LONGEST_PROMPT) : line;
  return start === prompt.trim() ? start : `${start}…`;
}

function shownSecret([variable, secret]: [string, string]): string {
  return variable === secret ? secret : `${variable}=${secret}`;
}
