import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { startService, type RunningService } from '../test/support/service.js';
import type { Benchmark } from './benchmark.js';

const IMAGE = 'risoluto-sandbox:latest';
const COMMAND = ['sh', '-c', 'echo first'];

const benchmark: Benchmark = {
  question: 'How long from asking for a command in a sandbox to the first byte that it prints?',

  async prepare({ quick }) {
    const service = await startService({
      env: { RISOLUTO_LOG_LEVEL: 'info' },
      yaml: { rateLimits: { api: { limit: 1_000_000 } } },
    });
    let runs = 0;
    const ours = () => firstByteOfRun(service, `BENCH-${(runs += 1)}`);
    const plain = () => firstByteOfDocker(['run', '--rm', IMAGE, ...COMMAND]);
    const hardened = ['run', '--rm', ...CONTROLS, IMAGE, ...COMMAND];
    const contender = (name: string, measure: () => Promise<number>) => ({
      name,
      measure: async () => [await measure()],
    });
    const comparison = {
      name: 'first byte',
      measures: [{ unit: 'ms', better: 'lower', target: 1 }],
      contenders: [
        contender('POST /runs to the first byte', ours),
        contender('docker run of the same image', plain),
        contender('docker run with the same controls', () => firstByteOfDocker(hardened)),
      ],
      rounds: quick ? 3 : 30,
      warmUpRounds: quick ? 1 : 3,
    } as const;
    return { comparisons: [comparison], dispose: async () => void (await service.stop()) };
  },
};

/** What a plain `docker run` can be asked for of what every sandbox has; the fence is not among it. */
const CONTROLS = [
  '--read-only',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--user=10001:10001',
  '--init',
  '--pids-limit=512',
  '--memory=4g',
  '--memory-swap=4g',
  '--cpus=2',
  '--cgroupns=private',
  '--ulimit=core=0:0',
  '--tmpfs=/tmp:exec,nosuid,nodev,size=1g,nr_inodes=8192',
  '--tmpfs=/home/agent:exec,nosuid,nodev,size=1g,nr_inodes=8192',
  '--log-driver=local',
];

async function firstByteOfRun(service: RunningService, issue: string): Promise<number> {
  const began = performance.now();
  const accepted = await service.api('POST', '/api/v1/runs', { body: { issue, command: COMMAND } });
  if (accepted.status !== 202) throw new Error(`POST /runs: ${accepted.status} ${accepted.text}`);
  const path = `/api/v1/runs/${accepted.body.id as string}`;
  const output = await service.stream(`${path}/output?follow=true`, {
    headers: { accept: 'text/plain' },
  });
  await once(output, 'data');
  const elapsed = performance.now() - began;
  output.resume();
  await once(output, 'end');
  const { body } = await service.api('GET', `${path}?wait=30`);
  if (body.status !== 'succeeded') throw new Error(`the run: ${JSON.stringify(body)}`);
  return elapsed;
}

async function firstByteOfDocker(args: string[]): Promise<number> {
  const began = performance.now();
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  const elapsed = performance.now() - began;
  const [code] = await exited;
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${String(code)}`);
  return elapsed;
}

export default benchmark;
