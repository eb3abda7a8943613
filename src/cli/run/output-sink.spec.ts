import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import type { Cli } from '../cli.js';
import type { OutputRecord } from './output-events.js';
import { sinkOf } from './output-sink.js';

const TITLE = '\u001b]0;mine\u0007done\u202e\n';

async function written(isTTY: boolean, hideRaw = false): Promise<[string, string]> {
  const terminal = () => Object.assign(new PassThrough(), { isTTY });
  const [stdout, stderr] = [terminal(), terminal()];
  const sink = sinkOf({ json: false, stdout, stderr } as unknown as Cli, { hideRaw });
  for (const stream of ['stdout', 'stderr', 'agent', 'system']) {
    await sink.write({ seq: 1, at: '', turn: 1, stream, text: TITLE } as OutputRecord);
  }
  return [String(stdout.read()), String(stderr.read())];
}

describe('the output of a run', () => {
  it('is what it printed, and what an agent said of itself does not move a terminal', async () => {
    const escaped = '\\x1b]0;mine\\x07done\\u202e\n';
    expect(await written(true)).toEqual([`${TITLE}${escaped}`, `${TITLE}risoluto: ${escaped}`]);
  });

  it('is what an agent did without what it printed, where that is asked for', async () => {
    expect(await written(false, true)).toEqual([TITLE, `${TITLE}risoluto: ${TITLE}`]);
  });

  it('is the same bytes where it goes into a file', async () => {
    expect(await written(false)).toEqual([`${TITLE}${TITLE}`, `${TITLE}risoluto: ${TITLE}`]);
  });
});
