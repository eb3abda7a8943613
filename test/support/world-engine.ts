import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { engine } from './engine.js';
import { world } from './world.js';

const WAIT_MS = 30_000;

/**
 * Takes the world's engine away. With `SIGTERM` it stops its containers first, with `SIGKILL` they
 * live on, as after a crash of the engine.
 */
export async function stopEngine(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const pid = Number(readFileSync(world.state.pidFile, 'utf8'));
  process.kill(pid, signal);
  await until(() => Promise.resolve(!lives(pid)), 'the engine to end');
}

/** Brings it back with the same data, and with more arguments; resolves when it answers. */
export async function startEngine(...more: string[]): Promise<void> {
  const { engineCommand, engineLog } = world.state;
  const log = openSync(engineLog, 'a');
  const [command = '', ...args] = [...engineCommand, ...more];
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
  await once(child, 'spawn');
  child.unref();
  await until(answers, 'the engine to answer');
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${WAIT_MS} ms for ${what}`);
    await sleep(50);
  }
}

function lives(pid: number): boolean {
  try {
    // A zombie is still found by kill(pid, 0).
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function answers(): Promise<boolean> {
  try {
    await engine().ping();
    return true;
  } catch {
    return false;
  }
}
