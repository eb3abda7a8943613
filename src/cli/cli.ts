import type { Readable, Writable } from 'node:stream';

import { CliError } from './cli-error.js';
import { EXIT } from './exit-codes.js';
import { printable } from './printable.js';
import type { SignalSource } from './signal-source.js';

type Terminal = { isTTY?: boolean; columns?: number };

export interface CliWorld {
  stdin: Readable & Terminal;
  stdout: Writable & Terminal;
  stderr: Writable & Terminal;
  environment: NodeJS.ProcessEnv;
  signals: SignalSource;
  /** Ends the process at once. */
  leave: (exitCode: number) => void;
}

/** What a command gets instead of the process: streams, environment, and how to answer. */
export class Cli {
  readonly stdin: CliWorld['stdin'];
  readonly stdout: CliWorld['stdout'];
  readonly stderr: CliWorld['stderr'];
  readonly environment: NodeJS.ProcessEnv;
  readonly signals: SignalSource;
  readonly leave: (exitCode: number) => void;
  /** `--json` was given. */
  json = false;
  /** What the process ends with when no error is thrown. */
  exitCode: number = EXIT.ok;

  constructor(world: CliWorld) {
    this.stdin = world.stdin;
    this.stdout = world.stdout;
    this.stderr = world.stderr;
    this.environment = world.environment;
    this.signals = world.signals;
    this.leave = world.leave;
  }

  /** The variable's value; an empty one counts as unset. */
  variable(name: string): string | undefined {
    return this.environment[name] || undefined;
  }

  /** A person watches both streams that a command talks to. */
  get interactive(): boolean {
    return this.stdin.isTTY === true && this.stderr.isTTY === true;
  }

  /** The command's answer on standard output: `data` as one line of JSON with `--json`, else `text`. */
  print(data: unknown, text: string | (() => string)): void {
    this.printStyled(data, () => printable(typeof text === 'string' ? text : text()));
  }

  /** The same for a text with colours; the text of others in it is `printable` already. */
  printStyled(data: unknown, text: () => string): void {
    const shown = this.json ? JSON.stringify(data) : text();
    if (shown !== '') this.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
  }

  /** A remark on standard error, beside the answer. */
  note(text: string): void {
    this.stderr.write(`risoluto: ${printable(text)}\n`);
  }

  /** The one place where an error becomes text and an exit code. */
  fail(error: unknown): void {
    const known = error instanceof CliError ? error : unexpected(error);
    this.exitCode = known.exitCode;
    this.stderr.write(this.json ? jsonError(known) : textError(known));
  }
}

function textError({ message, details, hint }: CliError): string {
  const lines = [`risoluto: ${message}`, ...details.map((it) => `  ${it.field}: ${it.message}`)];
  if (hint !== undefined) lines.push(...hint.split('\n').map((line) => `  ${line}`));
  return `${printable(lines.join('\n'))}\n`;
}

function jsonError({ code, message, details, hint }: CliError): string {
  const error = { code, message, ...(details.length > 0 && { details }), ...(hint && { hint }) };
  return `${JSON.stringify({ error })}\n`;
}

function unexpected(error: unknown): CliError {
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CliError(EXIT.runFailed, `unexpected: ${what}`, { code: 'unexpected' });
}
