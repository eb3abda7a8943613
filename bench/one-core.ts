import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import autocannon from 'autocannon';

export const CALLERS = 32;

/** Becomes the server: all of its threads share the first core. */
export const ON_FIRST_CORE = ['taskset', '--cpu-list', '0'];

const MICROSECONDS_PER_TICK = 10_000;

/** Keeps the callers off the servers' core. */
export function moveToSecondCore(): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', '1', String(process.pid)]);
}

/** Of a process and all of its threads, in microseconds; it moves in steps of 10 ms. */
export function cpuMicros(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
}

/** A script of `bench/servers`, on the first core; ready when it has written its first line. */
export async function startServer(
  script: string,
  env: Record<string, string>,
  on: readonly string[] = ON_FIRST_CORE,
): Promise<{ child: ChildProcess; pid: number; firstLine: string }> {
  const file = fileURLToPath(new URL(`./servers/${script}`, import.meta.url));
  const [command = '', ...pinned] = on;
  const child = spawn(command, [...pinned, process.execPath, file], {
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [firstLine] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, pid: child.pid ?? 0, firstLine };
}

export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  /** Each is other than the one before. */
  readonly next?: () => { readonly body: string; readonly headers: Record<string, string> };
}

export interface Load {
  readonly url: string;
  readonly seconds: number;
  readonly requests?: readonly LoadRequest[];
}

/** Calls of 32 connections for a while: requests a second, and the server's CPU microseconds for one. */
export async function loadServer(pid: number, { url, seconds, requests }: Load): Promise<number[]> {
  const before = cpuMicros(pid);
  const headers = { 'content-type': 'application/json' };
  const { errors, timeouts, non2xx, ...result } = await autocannon({
    url,
    connections: CALLERS,
    duration: seconds,
    ...(requests && { requests: requests.map((request) => prepared(request, headers)) }),
  });
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${url}: ${errors} errors, ${timeouts} timeouts, ${non2xx} refusals`);
  }
  const answered = result['2xx'];
  return [answered / result.duration, (cpuMicros(pid) - before) / answered];
}

function prepared({ next, ...request }: LoadRequest, headers: Record<string, string>) {
  if (next === undefined) return { ...request, headers };
  return {
    ...request,
    headers,
    setupRequest: () => {
      const { body, headers: own } = next();
      return { ...request, body, headers: { ...headers, ...own } };
    },
  };
}
