import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Cli } from './cli.js';
import { remarking } from './waiting.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What was said while a work took that long. */
async function saidDuring(ms: number, cli: { interactive: boolean; json: boolean }) {
  const said: string[] = [];
  const work = new Promise((resolve) => setTimeout(resolve, ms, 'done'));
  const note = (text: string) => said.push(text);
  const answer = remarking({ ...cli, note } as unknown as Cli, 'busy', work);
  await vi.advanceTimersByTimeAsync(ms);
  expect(await answer).toBe('done');
  await vi.advanceTimersByTimeAsync(10_000);
  return said;
}

describe('remarking', () => {
  const person = { interactive: true, json: false };

  it('says once, to a person, what takes longer than two seconds', async () => {
    expect(await saidDuring(9000, person)).toEqual(['busy']);
    expect(await saidDuring(1900, person)).toEqual([]);
  });

  it('says nothing to a program', async () => {
    expect(await saidDuring(9000, { interactive: false, json: false })).toEqual([]);
    expect(await saidDuring(9000, { interactive: true, json: true })).toEqual([]);
  });

  it('lets a failure through, and is silent after it', async () => {
    const said: string[] = [];
    const cli = { ...person, note: (text: string) => said.push(text) } as unknown as Cli;
    await expect(remarking(cli, 'busy', Promise.reject(new Error('no')))).rejects.toThrow('no');
    await vi.advanceTimersByTimeAsync(5000);
    expect(said).toEqual([]);
  });
});
