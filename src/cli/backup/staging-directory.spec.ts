import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { StagingDirectory } from './staging-directory.js';

let root: string;
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'risoluto-staging-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

function begun(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
}

describe('a staging directory', () => {
  it('takes the place of what killed ones left for the same target, and of nothing else', async () => {
    const other = spawn('sleep', ['60']);
    try {
      await once(other, 'spawn');
      const pid = other.pid ?? 0;
      const kept = [
        `b.part-${pid}-${begun(pid)}`,
        'other.part-4000000000-1',
        'b.part-mine',
        'b.part',
      ];
      // The pid of the second has gone to another program since.
      for (const name of ['b.part-4000000000-1', `b.part-${pid}-1`, ...kept]) {
        mkdirSync(join(root, name, 'with', 'content'), { recursive: true });
      }
      const staging = StagingDirectory.beside(join(root, 'b'), 'part');
      expect(readdirSync(root).sort()).toEqual([...kept, basename(staging.path)].sort());
      staging.remove();
      expect(readdirSync(root).sort()).toEqual(kept.sort());
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('of the same process is made anew', () => {
    const first = StagingDirectory.beside(join(root, 'b'), 'part');
    mkdirSync(first.file('inside'));
    const second = StagingDirectory.beside(join(root, 'b'), 'part');
    expect(readdirSync(second.path)).toEqual([]);
  });
});
