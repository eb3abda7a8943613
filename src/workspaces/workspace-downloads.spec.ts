import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';

import { afterAll, expect, it, vi } from 'vitest';

import { tarOf } from '../../test/workspaces/tar-bytes.js';
import type { Settings } from '../config/settings.js';
import { WorkspaceDownloads } from './workspace-downloads.js';
import { WorkspaceHost, type WorkspaceLease, type WorkspaceTools } from './workspace-host.js';
import { WorkspaceShelf } from './workspace-shelf.js';
import { WorkspacesLock } from './workspaces-lock.js';
import { Workspaces } from './workspaces.service.js';

const root = mkdtempSync(join(tmpdir(), 'risoluto-downloads-'));
afterAll(() => rmSync(root, { recursive: true }));

const settings = {
  paths: { workspacesDir: root },
  codex: { sandbox: { resources: { workspace: 1024 * 1024 } } },
} as Settings;
const lock = new WorkspacesLock(settings);
afterAll(() => lock.onApplicationShutdown());

function downloadsOf(tar: Readable, release: () => void): WorkspaceDownloads {
  const host = new WorkspaceHost();
  const lease: WorkspaceLease = { hold: () => Promise.resolve(release) };
  const tools: Partial<WorkspaceTools> = { pack: () => Promise.resolve(tar) };

  const fill = host.fill.bind(host);
  fill(lease, tools as WorkspaceTools);
  mkdirSync(join(root, 'MT-1'), { recursive: true });
  return new WorkspaceDownloads(
    settings,
    new WorkspaceShelf(settings, lock),
    host,
    new Workspaces(settings, lock),
  );
}

it.each<[string, (archive: Readable) => unknown]>([
  ['is read to its end', (archive) => archive.resume()],
  ['is left by its client', (archive) => archive.destroy()],
])('keeps runs out until the helper is gone, where the archive %s', async (_how, leave) => {
  let helperGone = () => {};
  const going = vi.fn<() => void>();
  const tar = new Readable({
    read() {
      this.push(tarOf({ name: 'a', body: 'x' }));
      this.push(null);
    },
    destroy(error, closed) {
      going();
      helperGone = () => closed(error);
    },
  });
  const release = vi.fn<() => void>();
  const archive = await downloadsOf(tar, release).open('MT-1');
  leave(archive);
  await expect.poll(() => archive.closed).toBe(true);
  await expect.poll(() => going.mock.calls.length).toBe(1);
  await turn();
  expect(release).not.toHaveBeenCalled();
  helperGone();
  await expect.poll(() => release.mock.calls.length).toBe(1);
});
