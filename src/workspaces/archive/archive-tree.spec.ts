import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ArchiveRefused } from './archive-refused.js';
import { ArchiveTree, type AdmittedEntry, type ArchiveEntry } from './archive-tree.js';

const LIMITS = { bytes: 1024 * 1024, entries: 100 };

function entry(path: string, more: Partial<ArchiveEntry> = {}): ArchiveEntry {
  return { type: 'file', path, target: '', size: 1, mode: 0o644, ...more };
}

function reasonOf(tree: ArchiveTree, one: ArchiveEntry): string | null {
  try {
    tree.admit(one);
    return null;
  } catch (error) {
    if (error instanceof ArchiveRefused) return error.reason;
    throw error;
  }
}

describe('entries of an archive', () => {
  it('keep permissions, lose set-uid, and leave directories open to us', () => {
    const tree = new ArchiveTree(LIMITS);
    expect(tree.admit(entry('a/b', { mode: 0o6755 }))).toMatchObject({
      mode: 0o755,
      missing: ['a'],
      made: false,
    });
    expect(tree.admit(entry('c', { type: 'directory', mode: 0o1055 }))?.mode).toBe(0o755);
  });

  it('take the links that stay, refuse the others', () => {
    const link = (path: string, target: string) =>
      reasonOf(new ArchiveTree(LIMITS), entry(path, { type: 'symlink', target }));
    expect(link('a/b/c', '../../d')).toBe(null);
    expect(link('a', './b/c')).toBe(null);
    expect(link('a/b/c', '../../../d')).toBe('link_leaves');
    expect(link('a/b', 'c/../d')).toBe('link_leaves');
    expect(link('a', '/b')).toBe('link_leaves');
  });

  it('count blocks and what a name implies', () => {
    const tree = new ArchiveTree({ bytes: 3 * 4096, entries: 3 });
    expect(reasonOf(tree, entry('a/b', { size: 4097 }))).toBe(null);
    expect(tree.bytes).toBe(3 * 4096);
    expect(reasonOf(tree, entry('c', { size: 1 }))).toBe('too_large');
    expect(reasonOf(tree, entry('c/d/e', { size: 0 }))).not.toBe(null);
    expect(reasonOf(tree, entry('z', { size: -1 }))).toBe('too_large');
    expect(reasonOf(tree, entry('z', { size: Number.NaN }))).toBe('too_large');
  });

  describe('whatever they are', () => {
    let root: string;
    let serial = 0;
    beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'archive-tree-'))));
    afterAll(() => rmSync(root, { recursive: true }));

    const part = fc.constantFrom('a', 'b', 'c', '..', '.', '');
    const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
    const any = fc.record({
      type: fc.constantFrom<ArchiveEntry['type'][]>('file', 'directory', 'symlink', 'link'),
      path,
      target: path,
      size: fc.constant(1),
      mode: fc.constant(0o700),
    });

    it('nothing that is admitted lies or leads outside', () => {
      let links = 0;
      fc.assert(
        fc.property(fc.array(any, { maxLength: 12 }), (entries) => {
          const into = realpathSync(mkdtempSync(join(root, `${serial++}-`)));
          const tree = new ArchiveTree(LIMITS);
          for (const one of entries) {
            if (reasonOf(new ArchiveTree(LIMITS), one) === 'type_not_taken') continue;
            const made = admitted(tree, one);
            if (made === null) continue;
            make(into, made);
            if (made.kind === 'symlink') links += 1;
            const led = tryRealpath(join(into, made.path));
            expect(led === null || led === into || led.startsWith(into + sep)).toBe(true);
          }
        }),
        { numRuns: 400 },
      );
      expect(links).toBeGreaterThan(50);
    });
  });
});

function admitted(tree: ArchiveTree, one: ArchiveEntry): AdmittedEntry | null {
  try {
    return tree.admit(one);
  } catch {
    return null;
  }
}

function make(into: string, { kind, path, target, missing }: AdmittedEntry): void {
  for (const directory of missing) mkdirSync(join(into, directory));
  const place = join(into, path);
  if (kind === 'directory') mkdirSync(place, { recursive: true });
  else if (kind === 'symlink') symlinkSync(target, place);
  else if (kind === 'link') linkSync(join(into, target), place);
  else writeFileSync(place, 'x', { flag: 'wx' });
}

/** `null` for a link to nothing, or in a circle. */
function tryRealpath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
