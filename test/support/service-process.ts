import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { ConformanceError } from './conformance.js';
import { callApi } from './http.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_TIMEOUT_MS = 100_000;
const STOP_TIMEOUT_MS = 20_000;

export interface ServiceExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The service did not stop within 20 s of the signal and was killed. */
  forced: boolean;
}

/** One life of the built service (`dist/bin/service.js`) as a child process. */
export class ServiceProcess {
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private text = '';

  /** `wrapper`: a command that becomes the service, such as one that takes a privilege away. */
  constructor(env: Record<string, string>, wrapper: readonly string[] = []) {
    const argv = [...wrapper, process.execPath, 'dist/bin/service.js'];
    this.child = spawn(argv[0] ?? process.execPath, argv.slice(1), {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.exited = once(this.child, 'exit');
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Everything it has written to standard output and standard error so far. */
  get logs(): string {
    return this.text;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves when `/healthz` answers 200; throws with the log when the process ends or 100 s pass. */
  async healthy(url: string): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (this.running && performance.now() < deadline) {
      const answer = await callApi(url, 'GET', '/healthz', { timeoutMs: 2000 }).catch(unreachable);
      if (answer?.status === 200) return;
      await sleep(50);
    }
    const how = this.running ? `is not healthy after ${START_TIMEOUT_MS} ms` : 'ended at its start';
    await this.end('SIGKILL');
    throw new Error(`the service ${how}:\n${this.text}`);
  }

  /** Resolves when the process has ended by itself; throws after `timeoutMs`. */
  async ended(timeoutMs: number): Promise<ServiceExit> {
    const late = sleep(timeoutMs, 'late', { ref: false });
    if (this.running && (await Promise.race([this.exited, late])) === 'late') {
      throw new Error(`the service still runs after ${timeoutMs} ms:\n${this.text}`);
    }
    return { code: this.child.exitCode, signal: this.child.signalCode, forced: false };
  }

  /** Sends the signal and waits for the end; kills after 20 s. Harmless when it has ended. */
  async end(signal: NodeJS.Signals): Promise<ServiceExit> {
    if (this.running) this.child.kill(signal);
    try {
      return await this.ended(STOP_TIMEOUT_MS);
    } catch {
      this.child.kill('SIGKILL');
      return { ...(await this.ended(STOP_TIMEOUT_MS)), forced: true };
    }
  }
}

/** While a service starts nobody answers; an answer that is not as documented is a failure. */
function unreachable(error: unknown): null {
  if (error instanceof ConformanceError) throw error;
  return null;
}
