import { describe, expect, it } from 'vitest';

import { LedRun, OPTIONS, turnOf } from '../../../test/support/codex/led-run.js';
import { ScriptedCodex } from '../../../test/support/codex/scripted-codex.js';
import { transcript } from '../../../test/support/codex/transcript.js';
import { Conductor } from './conductor.js';

describe('what prints among Codex’s lines', () => {
  it('puts no flood of questions before people, and fills no memory with refusals', async () => {
    const params = { turnId: 'mine', itemId: 'call', cwd: '/workspace', command: 'ls' };
    const questions = Array.from({ length: 600 }, (_, at) =>
      JSON.stringify({
        id: 1000 + at,
        method: at % 2 === 0 ? 'item/commandExecution/requestApproval' : `x${'y'.repeat(500)}`,
        params: { ...params, itemId: `call${at}` },
      }),
    );
    const lines = transcript('work');
    let asked = 0;
    const run = new LedRun(
      new ScriptedCodex([...lines.slice(0, 8), ...questions, ...lines.slice(8)]),
      {
        decide: () => {
          asked += 1;
          return new Promise(() => undefined);
        },
      },
    );

    expect(await run.life().verdict).toMatchObject({ status: 'succeeded' });

    expect(asked).toBe(32);
    const written = (mark: string) => run.codex.written.filter((line) => line.includes(mark));
    await expect.poll(() => written('decline').length).toBe(300 - 32);
    await expect.poll(() => written('-32601').length).toBe(300);
    const refusals = written('-32601');
    expect(Math.max(...refusals.map(({ length }) => length))).toBeLessThan(300);
  });

  it('is not written to without end where it reads nothing', async () => {
    const questions = Array.from({ length: 5000 }, (_, id) => `{"id":${id},"method":"x"}`);
    const codex = new ScriptedCodex(questions);
    const { process } = codex.attach(false);
    let begun = 0;
    let taken = (): void => undefined;
    const write = (): Promise<void> => {
      begun += 1;
      return new Promise((resolve) => (taken = resolve));
    };
    const run = new LedRun(codex);
    const desk = { remember: () => Promise.resolve(), tell: () => Promise.resolve() };
    const more = { ...desk, masked: (text: string) => text };
    const conductor = new Conductor(
      turnOf(null),
      { ...process, write },
      more,
      OPTIONS,
      run.outside,
    );
    const verdict = conductor.run();
    codex.die();

    expect(await verdict).toMatchObject({ reason: 'agent_crashed' });
    expect(begun).toBe(1);
    for (let at = 0; at < 5000; at += 1) {
      taken();
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(begun).toBeLessThanOrEqual(1000);
  });
});
