import type { Command } from 'commander';

import { EXIT_CODE_MEANINGS } from './exit-codes.js';

/** A command line that works when pasted, and what it does. */
export interface Example {
  does: string;
  /** One line, or several that belong together. */
  line: string;
  /** The exit code where its answer is no on a machine like any other; 0 unless told. */
  exits?: number;
}

const examples = new WeakMap<Command, readonly Example[]>();

/** Shown at the end of the command's help and in the manual. */
export function withExamples(command: Command, ...some: Example[]): Command {
  examples.set(command, some);
  return command;
}

export function examplesOf(command: Command): readonly Example[] {
  return examples.get(command) ?? [];
}

/** What stands below the options in every `--help`. */
export function epilogue(command: Command): string {
  const shown = examplesOf(command).map(
    ({ does, line }) => `  # ${does}\n  ${line.replaceAll('\n', '\n  ')}`,
  );
  const codes = EXIT_CODE_MEANINGS.map(([code, means]) => `  ${String(code).padEnd(4)} ${means}`);
  return [
    ...(shown.length > 0 ? ['', 'Examples:', ...shown] : []),
    '',
    'Exit codes:',
    ...codes,
  ].join('\n');
}
