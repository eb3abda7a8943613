import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { FileOutputLog } from './file-output-log.js';
import type { StoredRecord } from './output-record.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-output-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const record = (seq: number): StoredRecord => ({
  seq,
  at: 1000 + seq,
  turn: 1,
  stream: 'stdout',
  text: `line ${seq}\n`,
  raw: [seq, 0],
  total: seq,
  until: 1000 + seq,
});

/** What is behind the second record when the power fails. */
const TORN: readonly [string, Buffer][] = [
  ['half a line', Buffer.from('{"seq":3,"at":10')],
  ['half a line with an end', Buffer.from('{"seq":3,"at":10\n')],
  ['zeros, as of a block that was never written', Buffer.alloc(5000)],
  ['zeros and an end', Buffer.concat([Buffer.alloc(70_000), Buffer.from('\n')])],
  ['two lines that are no records', Buffer.from('\u0000\u0000\n{"seq"\n')],
  ['JSON that is no record', Buffer.from('null\n3\n"x"\n{}\n')],
];

describe('output that was torn', () => {
  it.each(TORN)('by %s is cut, and goes on behind the last whole record', async (name, bytes) => {
    const log = new FileOutputLog(directory);
    const id = name.replaceAll(/\W/g, '-');
    const path = join(directory, `${id}.ndjson`);
    const first = await log.open(id);
    await first.append([record(1), record(2)]);
    await first.close();
    const whole = readFileSync(path);
    appendFileSync(path, bytes);

    const again = await log.open(id);
    expect(again.last).toEqual(record(2));
    expect(readFileSync(path)).toEqual(whole);
    await again.append([record(3)]);
    await again.close();
    const reader = await log.read(id, 0);
    expect((await reader.next()).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await reader.close();
  });

  it('from its first byte on begins anew', async () => {
    const log = new FileOutputLog(directory);
    appendFileSync(join(directory, 'all.ndjson'), Buffer.from('{"se\n\u0000\n'));
    const appender = await log.open('all');
    expect(appender.last).toBeNull();
    await appender.close();
    expect(readFileSync(join(directory, 'all.ndjson'))).toHaveLength(0);
  });
});
