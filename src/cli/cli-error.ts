import type { ExitCode } from './exit-codes.js';

export interface CliErrorOptions {
  /** What to do about it; printed below the message. */
  hint?: string;
  /** A stable word for machines; the service's own code where it refused. */
  code?: string;
  details?: readonly { field: string; message: string }[];
  cause?: unknown;
}

/** The command ends with `exitCode`; `main` alone prints it. Holds no secret. */
export class CliError extends Error {
  readonly hint: string | undefined;
  readonly code: string;
  readonly details: readonly { field: string; message: string }[];

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options: CliErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.hint = options.hint;
    this.code = options.code ?? 'cli_error';
    this.details = options.details ?? [];
  }
}
