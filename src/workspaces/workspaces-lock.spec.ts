import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Settings } from '../config/settings.js';
import { WorkspacesInUse } from './workspaces-in-use.js';
import { WorkspacesLock } from './workspaces-lock.js';

let parent: string;
let locks: WorkspacesLock[] = [];

beforeEach(() => (parent = mkdtempSync(join(tmpdir(), 'risoluto-lock-'))));
afterEach(async () => {
  for (const lock of locks) await lock.onApplicationShutdown();
  locks = [];
  rmSync(parent, { recursive: true });
});

function lockOf(directory: string): WorkspacesLock {
  const settings = { paths: { workspacesDir: join(parent, directory) } } as Settings;
  const lock = new WorkspacesLock(settings);
  locks.push(lock);
  return lock;
}

describe('WorkspacesLock', () => {
  it('is one holder’s until it is released, and asked for again costs nothing', async () => {
    const [first, second] = [lockOf('w'), lockOf('w')];
    await first.take();
    await Promise.all([first.take(), first.take()]);
    const refused = await second.take().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkspacesInUse);
    expect(String(refused)).toMatch(/RISOLUTO_WORKSPACES_DIR .* another Risoluto process/);
    await first.onApplicationShutdown();
    await second.take();
  });

  it('is taken again where the directory was removed with it', async () => {
    const [first, second] = [lockOf('w'), lockOf('w')];
    await first.take();
    rmSync(join(parent, 'w'), { recursive: true });
    await first.take();
    await expect(second.take()).rejects.toThrow(WorkspacesInUse);
  });
});
