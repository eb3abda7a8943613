import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { until } from '../runs/until.js';

const PROGRAM = fileURLToPath(new URL('../../dist/bin/risoluto.js', import.meta.url));

export interface CliOptions {
  /** Over PATH and HOME, which are all that a command gets otherwise. */
  env?: Record<string, string>;
  /** A terminal for all three streams; `stdout` is then what the terminal shows. */
  terminal?: boolean;
  /** Written to standard input, which is then closed; without it the input stays open and empty. */
  input?: string | Buffer;
  cwd?: string;
}

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
}

/** The built `risoluto` as a child process. */
export class CliProcess {
  readonly #child: ChildProcess;
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], options: CliOptions = {}) {
    const argv = [process.execPath, PROGRAM, ...args];
    const [command = '', ...rest] = options.terminal ? inTerminal(argv) : argv;
    this.#child = spawn(command, rest, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, HOME: '/nonexistent', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#child, 'close');
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#out.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#err.push(chunk));
    this.#child.stdin?.on('error', () => {});
    if (options.input !== undefined) this.#child.stdin?.end(options.input);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get child(): ChildProcess {
    return this.#child;
  }

  get stdout(): string {
    return Buffer.concat(this.#out).toString('utf8');
  }

  get stderr(): string {
    return Buffer.concat(this.#err).toString('utf8');
  }

  /** Types into its terminal, or writes to its standard input. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Until one of its streams holds the text. */
  async untilShown(text: string, timeoutMs = 60_000): Promise<void> {
    await until(
      `${JSON.stringify(text)} to be shown`,
      () => {
        if (this.stdout.includes(text) || this.stderr.includes(text)) return true;
        if (this.#child.exitCode === null) return null;
        throw new Error(`it ended without showing ${text}:\n${this.stdout}${this.stderr}`);
      },
      timeoutMs,
    );
  }

  async ended(timeoutMs = 60_000): Promise<CliResult> {
    const late = await Promise.race([this.#closed, sleep(timeoutMs, 'late', { ref: false })]);
    if (late === 'late') {
      this.#child.kill('SIGKILL');
      throw new Error(`risoluto runs on after ${timeoutMs} ms:\n${this.stdout}${this.stderr}`);
    }
    const { exitCode: code, signalCode: signal } = this.#child;
    return { code, signal, stdout: Buffer.concat(this.#out), stderr: Buffer.concat(this.#err) };
  }
}

export interface CliText {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs it to its end. */
export async function risoluto(
  args: readonly string[],
  options: CliOptions = {},
  timeoutMs?: number,
): Promise<CliText> {
  const { code, stdout, stderr } = await new CliProcess(args, { input: '', ...options }).ended(
    timeoutMs,
  );
  return { code, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
}

/** util-linux's `script` gives a command a terminal of its own and takes over its exit code. */
function inTerminal(argv: readonly string[]): string[] {
  const line = argv.map((argument) => `'${argument.replaceAll("'", "'\\''")}'`).join(' ');
  return ['script', '--quiet', '--return', '--command', `exec ${line}`, '/dev/null'];
}
