import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadStream } from 'node:tty';

import { CliError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { usageError } from '../service-command.js';
import { HiddenLine, type LineState } from './hidden-line.js';

/** How long the rest of a paste may take; what is not read would go to the shell as commands. */
const SETTLE_MS = 150;

/**
 * One line from the terminal on standard input, which shows nothing of it.
 *
 * @throws CliError `cancelled` for Ctrl-C; `usage` for several lines or keys that are no characters
 */
export async function askHidden(cli: Cli, question: string): Promise<Buffer> {
  const terminal = cli.stdin as ReadStream;
  const line = new HiddenLine();
  terminal.setRawMode(true);
  try {
    // Not before: what is typed at an early prompt would be shown.
    cli.stderr.write(question);
    await ended(terminal, line);
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
    cli.stderr.write('\n');
  }
  return bytesOf(line);
}

function ended(terminal: ReadStream, line: HiddenLine): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      terminal.off('data', take).off('end', finish);
      resolve();
    };
    const take = (chunk: Buffer | string) => {
      const before = line.state;
      const state = line.feed(Buffer.from(chunk));
      if (before === 'typing' && state !== 'typing') void sleep(SETTLE_MS).then(finish);
    };
    terminal.on('data', take).on('end', finish);
  });
}

function bytesOf(line: HiddenLine): Buffer {
  const refusal = REFUSALS[line.state];
  if (refusal === undefined) return line.bytes;
  if (refusal === null) throw new CliError(EXIT.cancelled, 'cancelled', { code: 'cancelled' });
  throw usageError(refusal, 'give such a value by standard input or --from-file');
}

/** `null`: given up, which is no mistake. */
const REFUSALS: Readonly<Partial<Record<LineState, string | null>>> = {
  typing: null,
  cancelled: null,
  several_lines: 'more than one line was typed or pasted; nothing is stored',
  control_character: 'the line holds a key that is no character; nothing is stored',
};
