import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LedRun as Run } from '../../../test/support/codex/led-run.js';
import { ScriptedCodex } from '../../../test/support/codex/scripted-codex.js';
import { transcript } from '../../../test/support/codex/transcript.js';

describe('a compaction by Codex', () => {
  const MEMORY = '{"threadId":"01a21a9a-2c16-7e23-9c0e-8f47730ee1ff"}';
  const compaction = (lines: readonly string[], allowance?: number): Run => {
    const run = new Run(new ScriptedCodex(lines, allowance));
    return Object.assign(run, { memory: MEMORY, compaction: true });
  };
  const asked = ({ codex }: Run) =>
    codex.written.filter((line) => line.includes('"thread/compact/start"'));

  it('is asked for in place of a prompt, and over when Codex’s turn for it is', async () => {
    const run = compaction(transcript('compacted'));

    expect(await run.life().verdict).toMatchObject({ status: 'succeeded' });
    expect(run.codex.requests).toEqual(['initialize', 'thread', 'compact']);
    expect(asked(run).map((line) => (JSON.parse(line) as { params: object }).params)).toEqual([
      JSON.parse(MEMORY),
    ]);
    expect(run.counts.map(({ totalTokens }) => totalTokens)).toEqual([110, 110, 320, 320]);
  });

  it('is known by its turn where Codex’s answer comes after that began', async () => {
    const lines = transcript('compacted');
    const answer = lines.findIndex((line) => line.startsWith('{"id":"compact"'));
    const begun = lines.findIndex((line) => line.includes('"turn/started"'));
    const swapped = lines.with(answer, lines[begun] ?? '').with(begun, lines[answer] ?? '');
    // What stands before the answer is printed without its request, as in a race of Codex's own.
    const run = compaction(swapped);

    expect(await run.life().verdict).toMatchObject({ status: 'succeeded' });
    expect(asked(run)).toHaveLength(1);
  });

  it('fails with the provider’s reason, and can be interrupted', async () => {
    const lines = transcript('compacted');
    const failing = lines.map((line) =>
      line.includes('"turn/completed"')
        ? line.replace(
            '"status":"completed","error":null',
            '"status":"failed","error":{"message":"{\\"error\\"","codexErrorInfo":"other","additionalDetails":null}',
          )
        : line,
    );
    expect(await compaction(failing).life().verdict).toMatchObject({ reason: 'provider_refused' });

    const silent = compaction(lines.filter((line) => !line.includes('"turn/completed"')));
    Object.assign(silent.options, { interruptGraceMs: 30 });
    const life = silent.life();
    await expect.poll(() => silent.controls).not.toBeNull();
    life.stop();
    expect(await life.verdict).toMatchObject({ reason: 'interrupted' });
    expect(silent.codex.requests.at(-1)).toBe('interrupt');
  });

  it('of no conversation is none', async () => {
    const never = compaction(transcript('compacted'));
    never.memory = null;
    const lost = compaction(transcript('thread-lost'));

    expect(await never.life().verdict).toMatchObject({ reason: 'nothing_to_compact' });
    expect(await lost.life().verdict).toMatchObject({ reason: 'nothing_to_compact' });
    expect(lost.codex.requests).toEqual(['initialize', 'thread']);
    expect([...asked(never), ...asked(lost)]).toEqual([]);
  });

  it('goes on wherever services die over it, and is asked for once', async () => {
    const lines = transcript('compacted');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(lines.length), { minLength: 1, maxLength: 3 }),
        async (cuts) => {
          const run = compaction(lines, cuts[0]);
          for (const index of cuts.keys()) {
            const life = run.life(index > 0);
            await new Promise((resolve) => setImmediate(resolve));
            life.leave();
            await life.verdict.catch(() => null);
          }
          const last = run.life(true);
          await new Promise((resolve) => setImmediate(resolve));
          run.codex.goOn();

          expect(await last.verdict).toMatchObject({ status: 'succeeded' });
          expect(asked(run)).toHaveLength(1);
        },
      ),
      { numRuns: 200 },
    );
  });
});
