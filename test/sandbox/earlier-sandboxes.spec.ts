import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';

import { encodeFrame, newNonce } from '../../src/sandbox/frame.js';
import { type Place, SandboxBench } from './sandbox-bench.js';

describe('a sandbox that an earlier run of the issue left', () => {
  const bench = new SandboxBench();
  const stranger = new SandboxBench();
  afterAll(() => Promise.all([bench.close(), stranger.close()]));
  afterEach(() => vi.restoreAllMocks());

  /** A container that writes `alive` into its workspace as long as it lives. */
  async function leave(issue: string, place: Place, from = bench): Promise<string> {
    const sandbox = await from.create({ issue, place });
    const nonce = newNonce();
    const argv = ['sh', '-c', 'while :; do touch /workspace/alive; sleep 0.02; done'];
    await sandbox.start(encodeFrame({ env: {}, argv, nonce }), nonce);
    await vi.waitFor(() => expect(existsSync(join(place.workspaceDir, 'alive'))).toBe(true), 5000);
    return sandbox.containerId;
  }

  const stateOf = (id: string) =>
    bench.engine.inspectContainer(id).then(
      ({ State }) => State.Status,
      () => 'gone',
    );
  const unremovable = () =>
    vi
      .spyOn(bench.engine, 'removeContainer')
      .mockRejectedValue(new Error('device or resource busy'));

  it('is gone before anything of the workspace is looked at, and those of others are not', async () => {
    const place = await bench.place();
    const left = await leave('LEFT-1', place);
    const others = [
      await leave('LEFT-10', await bench.place()),
      await leave('LEFT-1', await stranger.place(), stranger),
    ];
    const next = await bench.create({ issue: 'LEFT-1', place });
    expect(await stateOf(left)).toBe('gone');
    expect(await stateOf(next.containerId)).toBe('created');
    expect(await Promise.all(others.map(stateOf))).toEqual(['running', 'running']);
  });

  it('keeps a run from beginning for as long as it may run', async () => {
    const place = await bench.place();
    const left = await leave('LEFT-2', place);
    const removal = unremovable();
    await expect(bench.create({ issue: 'LEFT-2', place })).rejects.toMatchObject({
      code: 'engine_unavailable',
    });
    expect(await stateOf(left)).toBe('running');
    expect(existsSync(join(place.homeDir, '.codex-runtime'))).toBe(true);
    await bench.engine.signal(left, 'SIGKILL');
    await vi.waitFor(async () => expect(await stateOf(left)).toBe('exited'), 5000);
    const next = await bench.create({ issue: 'LEFT-2', place });
    expect(await stateOf(next.containerId)).toBe('created');
    removal.mockRestore();
    await sleep(0);
  });
});
