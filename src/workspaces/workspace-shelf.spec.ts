import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Settings } from '../config/settings.js';
import { WorkspaceShelf } from './workspace-shelf.js';
import { WorkspacesLock } from './workspaces-lock.js';

vi.mock('node:fs/promises', async (actual) => {
  const real = await actual<typeof fs>();
  return { ...real, rename: vi.fn<typeof fs.rename>(real.rename) };
});

const made: string[] = [];
let root: string;
let shelf: WorkspaceShelf;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-shelf-'));
  made.push(root);
  const settings = { paths: { workspacesDir: root } } as Settings;
  shelf = new WorkspaceShelf(settings, new WorkspacesLock(settings));
  directoryWith('MT-1', 'before');
});
afterAll(() => made.forEach((directory) => rmSync(directory, { recursive: true })));

function directoryWith(name: string, text: string): void {
  mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, name, 'file'), text);
}

const content = () => readFileSync(join(root, 'MT-1', 'file'), 'utf8');
const ready = () => readdirSync(root).filter((name) => name.startsWith('.ready-'));

async function staged(text: string): Promise<string> {
  const directory = await shelf.stage();
  writeFileSync(join(directory, 'file'), text);
  return directory;
}

describe('an upload', () => {
  it('takes the place of the workspace', async () => {
    await shelf.publish(await staged('after'), 'MT-1');
    expect(content()).toBe('after');
    expect(ready()).toEqual([]);
  });

  it('is finished by the next start where a kill left it ready', async () => {
    directoryWith('.ready-MT-1', 'after');
    expect(await shelf.recover()).toEqual([]);
    expect(content()).toBe('after');
  });

  it('replaces an earlier one that was left ready', async () => {
    directoryWith('.ready-MT-1', 'stale');
    await shelf.publish(await staged('after'), 'MT-1');
    expect(content()).toBe('after');
    expect(ready()).toEqual([]);
  });

  it.each([0, 1])(
    'whose rename %i fails leaves the workspace, and never comes back',
    async (nth) => {
      directoryWith('.ready-MT-1', 'stale');
      const { rename: real } = await vi.importActual<typeof fs>('node:fs/promises');
      for (let n = 0; n < nth; n++) vi.mocked(fs.rename).mockImplementationOnce(real);
      vi.mocked(fs.rename).mockRejectedValueOnce(Object.assign(new Error('disk'), { code: 'EIO' }));
      expect(await shelf.recover()).toMatchObject([{ code: 'EIO' }]);
      expect(content()).toBe('before');
      expect(ready()).toEqual([]);
    },
  );
});
