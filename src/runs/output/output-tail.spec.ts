import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, expect, it } from 'vitest';

import {
  removeTemporaryDirectories,
  temporaryDirectory,
} from '../../../test/support/temporary-database.js';
import { FileOutputLog } from './file-output-log.js';
import type { StoredRecord } from './output-record.js';
import { OutputTail } from './output-tail.js';

afterAll(removeTemporaryDirectories);

async function stored(texts: readonly string[]) {
  const directory = temporaryDirectory();
  const log = new FileOutputLog(directory);
  const appender = await log.open('r1');
  const record = (text: string, index: number): StoredRecord => ({
    seq: index + 1,
    at: 0,
    turn: 1,
    stream: 'stdout',
    text,
    raw: [0, 0],
    total: 0,
    until: 0,
  });
  await appender.append(texts.map(record));
  await appender.close();
  return { tail: new OutputTail(log), file: join(directory, 'r1.ndjson') };
}

it('tells what an agent said last, and nothing where it said nothing', async () => {
  const base = { seq: 1, at: 0, turn: 1, raw: [0, 0] as [number, number], total: 0, until: 0 };
  const log = new FileOutputLog(temporaryDirectory());
  const appender = await log.open('agent');
  const event = (type: string, text: string): StoredRecord => ({
    ...{ ...base, stream: 'agent', text, event: { type }, attempt: 1, events: 1 },
  });
  await appender.append([event('message', 'first\n'), event('message', 'last\n')]);
  await appender.append([
    event('usage', '{"output_tokens":3}\n'),
    { ...base, stream: 'stderr', text: 'a warning\n' },
  ]);
  await appender.close();
  const silent = await log.open('silent');
  await silent.append([{ ...base, stream: 'stdout', text: 'message' }]);
  await silent.close();
  const tail = new OutputTail(log);
  expect(await tail.lastMessage('agent', 1000)).toBe('last\n');
  expect(await tail.lastMessage('silent', 1000)).toBeNull();
  expect(await tail.lastMessage('none', 1000)).toBeNull();
});

it('is all of a short output, and nothing of a run that printed nothing', async () => {
  const { tail } = await stored(['a\n', 'b', 'c\n']);
  expect(await tail.read('r1', 1000)).toBe('a\nbc\n');
  expect(await tail.read('r2', 1000)).toBe('');
});

it('is the end of a long one, record by record, however small or large they are', async () => {
  const small = Array.from({ length: 20_000 }, (_, index) => `${index % 10}`);
  const { tail } = await stored(small);
  expect(await tail.read('r1', 5000)).toBe(small.slice(-5000).join(''));
  const { tail: ofLarge } = await stored(['x'.repeat(300_000), `y${'z'.repeat(200_000)}`, 'end\n']);
  expect(await ofLarge.read('r1', 200_006)).toBe(`xy${'z'.repeat(200_000)}end\n`);
});

it('never cuts a character, and leaves out what was not written to its end', async () => {
  const { tail, file } = await stored(['ää€']);
  expect(await tail.read('r1', 4)).toBe('€');
  appendFileSync(file, '{"seq":2,"text":"half');
  expect(await tail.read('r1', 100)).toBe('ää€');
});
