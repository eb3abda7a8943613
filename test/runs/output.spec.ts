import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sized } from '../support/long-form.js';
import { watchPeak } from '../support/memory.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { allEvents, eventsOf, followEvents, linesOf, outputOf } from './run-output.js';
import { cancelRun, setSecret, sh, UNLIMITED, untilPrinted } from './run-questions.js';

const MiB = 1024 * 1024;
const LIMIT = MiB / 2;
const FLOOD_MIB = sized(24, 1024);
const FLOOD_PATIENCE_MS = sized(55_000, 900_000);
const SECRET = 'Sp/cial+Value=with?16&more';

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 4, outputLimit: LIMIT } },
  });
});
afterAll(() => service.stop());

const textOf = (lines: { stream: string; text: string }[], stream: string) =>
  lines
    .filter((line) => line.stream === stream)
    .map(({ text }) => text)
    .join('');

describe('stored output', () => {
  it('is numbered without gaps, timed, and told apart by stream', async () => {
    const command = sh('for i in 1 2 3 4 5; do echo out $i; echo err $i >&2; sleep 0.05; done');
    const { id, stdout, stderr } = await runToEnd(service, { issue: 'SHAPE-1', command });
    const lines = await outputOf(service, id);
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_line, index) => index + 1));
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['seq', 'at', 'turn', 'stream', 'text']);
      expect(new Date(line.at).toISOString()).toBe(line.at);
      expect(Math.abs(Date.parse(line.at) - Date.now())).toBeLessThan(60_000);
      expect(line.turn).toBe(1);
    }
    const numbers = [1, 2, 3, 4, 5];
    expect(stdout).toBe(numbers.map((n) => `out ${n}\n`).join(''));
    expect(stderr).toBe(numbers.map((n) => `err ${n}\n`).join(''));

    const rest = await outputOf(service, id, '?after=3');
    expect(rest).toEqual(lines.slice(3));
    expect(await outputOf(service, id, '?after=999')).toEqual([]);
    const asText = await service.api('GET', `/api/v1/runs/${id}/output`, {
      headers: { accept: 'text/plain' },
    });
    expect(asText.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(asText.text).toBe(lines.map(({ text }) => text).join(''));
  });

  it('shows bytes that are no UTF-8 as U+FFFD and keeps characters that were printed in pieces', async () => {
    const command = sh(
      'printf "a\\377b\\000c\\n"; printf "\\303"; sleep 0.3; printf "\\251\\n"; printf "\\360\\237"; ' +
        'sleep 0.3; printf "\\230\\200 end without newline"',
    );
    const { stdout } = await runToEnd(service, { issue: 'UTF-1', command });
    expect(stdout).toBe('a\uFFFDb\0c\né\n😀 end without newline');
  });

  it('is empty for a run that printed nothing', async () => {
    const { id } = await runToEnd(service, { issue: 'NONE-1', command: ['true'] });
    expect(await outputOf(service, id)).toEqual([]);
  });

  it.each(['after=-1', 'after=x', 'follow=maybe', 'other=1'])('refuses ?%s', async (query) => {
    const answer = await service.api('GET', `/api/v1/runs/x/output?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(query.split('=')[0]);
  });
});

describe('a flood', () => {
  it(
    'is stored up to the limit and marked, with and without newlines, and costs no memory',
    async () => {
      const peak = await watchPeak(service.pid);
      const [oneLine, manyLines] = await Promise.all([
        runToEnd(
          service,
          { issue: 'FLOOD-1', command: sh(`head -c ${FLOOD_MIB}M /dev/zero | tr "\\0" x`) },
          FLOOD_PATIENCE_MS,
        ),
        runToEnd(service, { issue: 'FLOOD-2', command: sh('yes | head -c 2M') }),
      ]);
      for (const { id, status } of [oneLine, manyLines]) {
        expect(status).toBe('succeeded');
        const lines = await outputOf(service, id);
        expect(Buffer.byteLength(textOf(lines, 'stdout'))).toBe(LIMIT);
        expect(lines.at(-1)).toMatchObject({ stream: 'system' });
        expect(lines.at(-1)?.text).toContain(`output limit of ${LIMIT} bytes`);
        expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_line, index) => index + 1));
      }
      expect(oneLine.stdout).toBe('x'.repeat(LIMIT));
      expect(manyLines.stdout).toBe('y\n'.repeat(LIMIT / 2));
      expect(await peak.growthBytes()).toBeLessThan(160 * MiB);
    },
    FLOOD_PATIENCE_MS + 5000,
  );

  it('of which clients read nothing disturbs no other client and is not kept for them', async () => {
    const id = await createRun(service, {
      issue: 'SLOW-1',
      command: sh('yes 0123456789 | head -c 400000; sleep 2; echo done'),
    });
    await untilPrinted(service, id, '0123456789');
    const peak = await watchPeak(service.pid);
    const lazy = await Promise.all(Array.from({ length: 30 }, () => followEvents(service, id)));
    for (const response of lazy) response.pause();
    const events = await allEvents(await followEvents(service, id));
    expect(textOf(linesOf(events), 'stdout')).toMatch(/^(0123456789\n)+0*.*done\n$/s);
    expect(events.at(-1)?.event).toBe('end');
    // Each holds at most its buffer and the kernel's, not the output.
    expect(await peak.growthBytes()).toBeLessThan(120 * MiB);
    for (const response of lazy) response.destroy();
  });
});

describe('live output', () => {
  it('comes as text while the run goes on, and ends with it', async () => {
    const id = await createRun(service, {
      issue: 'LIVE-1',
      command: sh('echo first; sleep 3; echo last'),
    });
    const response = await service.stream(`/api/v1/runs/${id}/output?follow=true`, {
      headers: { accept: 'text/plain' },
    });
    let text = '';
    let statusAtFirst = '';
    for await (const chunk of response) {
      text += String(chunk);
      if (statusAtFirst === '') {
        statusAtFirst = (await service.api('GET', `/api/v1/runs/${id}`)).body.status as string;
      }
    }
    expect(statusAtFirst).toBe('running');
    expect(text).toBe('first\nlast\n');
  });

  it('comes as events that can be taken up again anywhere, nothing lost or doubled', async () => {
    const command = sh('for i in $(seq 1 300); do echo line $i; sleep 0.01; done; exit 5');
    const id = await createRun(service, { issue: 'RESUME-1', command });
    const whole = followEvents(service, id).then(allEvents);
    const pieces: string[] = [];
    const seqs: number[] = [];
    let ended = false;
    for (let take = 3; !ended; take += 4) {
      const response = await followEvents(service, id, seqs.at(-1) ?? 0);
      expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      let taken = 0;
      for await (const event of eventsOf(response)) {
        if (event.event === 'end') {
          expect(JSON.parse(event.data)).toEqual({ status: 'failed', exitCode: 5 });
          ended = true;
        } else {
          const [line] = linesOf([event]);
          seqs.push(line!.seq);
          pieces.push(line!.text);
          taken += 1;
          if (taken === take) break;
        }
      }
      response.destroy();
    }
    const expected = Array.from({ length: 300 }, (_none, index) => `line ${index + 1}\n`).join('');
    expect(pieces.join('')).toBe(expected);
    expect(seqs).toEqual(seqs.map((_seq, index) => index + 1));
    expect(seqs.length).toBeGreaterThan(20);
    const events = await whole;
    expect(textOf(linesOf(events), 'stdout')).toBe(expected);
    expect(events.filter(({ event }) => event === 'end')).toHaveLength(1);
    expect((await outputOf(service, id)).map(({ seq }) => seq)).toEqual(seqs);
  });

  it('of a finished run is all of it and the end', async () => {
    const { id } = await runToEnd(service, { issue: 'OVER-1', command: sh('echo a; echo b >&2') });
    const events = await allEvents(await followEvents(service, id));
    expect(linesOf(events).map(({ text }) => text)).toEqual(expect.arrayContaining(['a\n', 'b\n']));
    expect(events.at(-1)).toMatchObject({ event: 'end' });
    const afterAll = await allEvents(await followEvents(service, id, 2));
    expect(afterAll.map(({ event }) => event)).toEqual(['end']);
  });

  it('of a queued run waits for it', async () => {
    const first = await createRun(service, { issue: 'QUEUE-1', command: sh('sleep 1.5') });
    const id = await createRun(service, { issue: 'QUEUE-1', command: sh('echo mine') });
    const events = await allEvents(await followEvents(service, id));
    expect(events.map(({ event }) => event)).toEqual(['output', 'end']);
    await finishRun(service, first);
    const waiting = await createRun(service, { issue: 'QUEUE-2', command: ['sleep', '30'] });
    const never = await createRun(service, { issue: 'QUEUE-2', command: ['true'] });
    const followed = followEvents(service, never).then(allEvents);
    await cancelRun(service, never);
    expect((await followed).map(({ event, data }) => [event, data])).toEqual([
      ['end', JSON.stringify({ status: 'cancelled', exitCode: null })],
    ]);
    await cancelRun(service, waiting);
    await finishRun(service, waiting);
  });

  it('is chosen by Accept', async () => {
    const { id } = await runToEnd(service, { issue: 'ACC-1', command: sh('echo x') });
    for (const [accept, type] of [
      [undefined, 'application/x-ndjson'],
      ['*/*', 'application/x-ndjson'],
      ['application/x-ndjson', 'application/x-ndjson'],
      ['text/event-stream', 'text/event-stream'],
      ['text/plain', 'text/plain'],
      ['text/plain;q=0.5, text/event-stream', 'text/event-stream'],
      ['text/event-stream;q=0, text/plain', 'text/plain'],
      ['TEXT/PLAIN', 'text/plain'],
    ] as const) {
      const headers: Record<string, string> = accept === undefined ? {} : { accept };
      const answer = await service.api('GET', `/api/v1/runs/${id}/output`, { headers });
      expect([accept, answer.headers['content-type']]).toEqual([accept, `${type}; charset=utf-8`]);
    }
  });
});

describe('an injected value', () => {
  it('is masked in every usual encoding, also when it is printed in pieces', async () => {
    await setSecret(service, 'MASKED', SECRET);
    const half = Math.floor(SECRET.length / 2);
    const command = [
      'bash',
      '-c',
      `echo "raw $MASKED."; echo "raw $MASKED." >&2
       printf %s "$MASKED" | base64 -w0; echo " b64"
       printf 'user:%s' "$MASKED" | base64 -w0; echo " b64"
       printf %s "$MASKED" | od -An -tx1 | tr -d ' \\n'; echo " hex"
       jq -rn 'env.MASKED|@uri'; printf %s "\${MASKED:0:${half}}"; sleep 0.4; printf '%s\\n' "\${MASKED:${half}}"
       for ((i = 0; i < \${#MASKED}; i++)); do printf %s "\${MASKED:i:1}"; sleep 0.03; done; echo
       printf 'open\\n'; echo "\${MASKED:0:3} is no secret"`,
    ];
    const id = await createRun(service, { issue: 'MASK-1', secrets: ['MASKED'], command });
    const live = textOf(linesOf(await allEvents(await followEvents(service, id))), 'stdout');
    const run = await finishRun(service, id);
    expect(run.exitCode).toBe(0);
    expect(live).toBe(run.stdout);
    const stored = JSON.stringify(await outputOf(service, id));
    const bytes = Buffer.from(SECRET);
    const forms = [
      SECRET,
      bytes.toString('base64').replace(/=+$/, ''),
      Buffer.from(`user:${SECRET}`).toString('base64').slice(8, -4),
      bytes.toString('hex'),
      encodeURIComponent(SECRET),
    ];
    for (const form of forms) {
      expect(run.stdout + run.stderr, form).not.toContain(form);
      expect(stored).not.toContain(form);
    }
    // What is around them is there, so that this was their output.
    expect(run.stdout.match(/ b64| hex|open|is no secret|raw /g)).toHaveLength(6);
    expect(run.stderr).toMatch(/^raw .+\.\n$/);
    const rest = ['stdout', 'stderr'].map((name) => run[name as 'stdout' | 'stderr']).join('');
    expect(rest.match(/\*\*\*/g)?.length).toBeGreaterThanOrEqual(8);
  });
});
