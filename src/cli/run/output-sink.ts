import type { Writable } from 'node:stream';

import type { Cli } from '../cli.js';
import { printable } from '../printable.js';
import type { OutputRecord } from './output-events.js';

/** A reader that has gone frees no room, ever. */
const ENDS_OF_WAITING = ['drain', 'close', 'error'] as const;

/** Where a run's output goes. Resolves only when there is room for more, so that nothing piles up. */
export interface OutputSink {
  write(record: OutputRecord): Promise<void>;
}

/** With `hideRaw` the text is without what an agent printed itself; as JSON it is all there. */
export function sinkOf(cli: Cli, { hideRaw }: { hideRaw: boolean }): OutputSink {
  return {
    write: async (record) => {
      if (cli.json) await writeJson(cli, record);
      else if (!hideRaw || record.stream !== 'stdout') await writeText(cli, record);
    },
  };
}

/** A record a line, all on standard output. */
function writeJson(cli: Cli, record: OutputRecord): Promise<void> {
  return put(cli.stdout, `${JSON.stringify(record)}\n`);
}

/**
 * Each stream to its own, byte for byte; a line of the service's own says so, on standard error. What an
 * agent did goes to standard output, in words that a model chose: they do not move a terminal.
 */
function writeText(cli: Cli, { stream, text }: OutputRecord): Promise<void> {
  if (stream === 'stdout') return put(cli.stdout, text);
  if (stream === 'stderr') return put(cli.stderr, text);
  if (stream === 'agent') return put(cli.stdout, shownOn(cli.stdout, text));
  const shown = shownOn(cli.stderr, text);
  return put(cli.stderr, stream === 'system' ? `risoluto: ${shown}` : shown);
}

function shownOn({ isTTY }: Cli['stdout'], text: string): string {
  return isTTY === true ? printable(text) : text;
}

async function put(to: Writable, text: string): Promise<void> {
  if (to.write(text)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      for (const event of ENDS_OF_WAITING) to.off(event, done);
      resolve();
    };
    for (const event of ENDS_OF_WAITING) to.on(event, done);
  });
}
