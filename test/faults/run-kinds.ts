import type { FinishedRun } from '../support/runs.js';

const PUBLIC = '93.184.216.34';
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };

/** A kind of run that the load mixes, and what it must have come to when its command ended by itself. */
export interface RunKind {
  name: string;
  weight: number;
  script: string;
  extra?: Record<string, unknown>;
  /** It does not end by itself; the load cancels it. */
  endless?: boolean;
  ends: Pick<FinishedRun, 'status' | 'exitCode' | 'stdout' | 'stderr'>;
}

function numbered(count: number, line: (n: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index + 1)).join('');
}

const TALK = 40;
const LONG = 3000;

export const RUN_KINDS: readonly RunKind[] = [
  {
    name: 'quick',
    weight: 3,
    script: 'echo out; echo err >&2',
    ends: { status: 'succeeded', exitCode: 0, stdout: 'out\n', stderr: 'err\n' },
  },
  {
    name: 'failing',
    weight: 1,
    script: 'printf "no end"; exit 3',
    ends: { status: 'failed', exitCode: 3, stdout: 'no end', stderr: '' },
  },
  {
    name: 'talking',
    weight: 3,
    script: `for n in $(seq ${TALK}); do echo "out $n <$TOKEN> é"; echo "err $n" >&2; sleep 0.05; done`,
    extra: { secrets: ['TOKEN'] },
    ends: {
      status: 'succeeded',
      exitCode: 0,
      stdout: numbered(TALK, (n) => `out ${n} <***> é\n`),
      stderr: numbered(TALK, (n) => `err ${n}\n`),
    },
  },
  {
    name: 'long',
    weight: 1,
    script: `seq ${LONG}; sleep 0.5; seq ${LONG} >&2; exit 4`,
    ends: {
      status: 'failed',
      exitCode: 4,
      stdout: numbered(LONG, (n) => `${n}\n`),
      stderr: numbered(LONG, (n) => `${n}\n`),
    },
  },
  {
    name: 'network',
    weight: 2,
    // A connection that is refused at first would show an address that was not opened.
    script: `exec 3<>/dev/tcp/${PUBLIC}/80 && echo connected; sleep 0.7; exec 3<>/dev/tcp/${PUBLIC}/80 && echo again`,
    extra: { policy: OPEN },
    ends: { status: 'succeeded', exitCode: 0, stdout: 'connected\nagain\n', stderr: '' },
  },
  {
    name: 'endless',
    weight: 1,
    script: 'n=0; while :; do n=$((n + 1)); echo "out $n"; sleep 0.1; done',
    endless: true,
    ends: {
      status: 'cancelled',
      exitCode: 143,
      stdout: numbered(6000, (n) => `out ${n}\n`),
      stderr: '',
    },
  },
];

export function kindAt(share: number): RunKind {
  const total = RUN_KINDS.reduce((sum, { weight }) => sum + weight, 0);
  let at = share * total;
  for (const kind of RUN_KINDS) {
    at -= kind.weight;
    if (at < 0) return kind;
  }
  throw new Error(`${share} is no share`);
}
