import { createHash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { SecretsFileCopy, fileOfMoment } from './secrets-file-copy.js';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'risoluto-secrets-copy-'));
  file = join(directory, 'secrets.enc');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Case {
  file: string | null;
  next?: string;
  committed: string | null;
  before?: string;
  /** What happens while the database is copied. */
  meanwhile?: () => void;
}

async function found(given: Case): Promise<string | null> {
  const { committed, before } = given;
  if (given.file !== null) writeFileSync(file, given.file);
  if (given.next !== undefined) writeFileSync(`${file}.next`, given.next);
  const copy = new SecretsFileCopy(file);
  const { result: _, ...looks } = await copy.during(() => Promise.resolve(given.meanwhile?.()));
  const stored = {
    committed: committed === null ? null : digest(committed),
    before: before === undefined ? null : digest(before),
  };
  const result = fileOfMoment(copy, stored, looks);
  if (typeof result === 'string') return result;
  return result.content === null ? null : `takes ${result.content.toString()}`;
}

function change(text: string): void {
  writeFileSync(`${file}.next`, text);
  renameSync(`${file}.next`, file);
}

describe('the file of secrets that belongs to a copied database', () => {
  it.each<[string, Case, string | null]>([
    ['is the one in place', { file: 'a', committed: 'a' }, 'takes a'],
    ['is none before the first', { file: null, committed: null }, null],
    [
      'is the one before, where it was replaced after the copy',
      { file: 'a', committed: 'a', meanwhile: () => change('b') },
      'takes a',
    ],
    [
      'is the one after, where it was replaced before the copy',
      { file: 'a', committed: 'b', before: 'a', meanwhile: () => change('b') },
      'takes b',
    ],
    [
      'is the one that still waits for its place',
      { file: 'a', next: 'b', committed: 'b', before: 'a' },
      'takes b',
    ],
    [
      'is not the one that was never committed',
      { file: 'a', next: 'b', committed: 'a' },
      'takes a',
    ],
    [
      'was too fast to be seen',
      {
        file: 'a',
        committed: 'b',
        before: 'a',
        meanwhile: () => {
          change('b');
          change('c');
        },
      },
      'again',
    ],
    ['is what another program made of it at rest', { file: 'x', committed: 'a' }, 'takes x'],
    ['is none where the operator removed it', { file: null, committed: 'a' }, null],
    [
      'cannot be told where another program wrote it before ours was in place',
      { file: 'x', next: 'b', committed: 'b', before: 'a' },
      'conflict',
    ],
  ])('%s', async (_what, given, expected) => {
    expect(await found(given)).toBe(expected);
  });
});
