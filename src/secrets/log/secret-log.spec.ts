import {
  appendFileSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';

import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { openSecretDatabase, type SecretDatabase } from '../../../test/support/secret-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import type { Origin } from '../../kernel/origin.js';

vi.setConfig({ testTimeout: 30_000 });

const ORIGIN: Origin = { actor: 'loopback', requestId: 'R1' };
let secrets: SecretDatabase;

beforeEach(async () => {
  secrets = await openSecretDatabase();
  await secrets.store.set(ORIGIN, 'A', 'canary');
  await secrets.store.set(ORIGIN, 'B', 'canary');
  await secrets.store.delete(ORIGIN, 'A');
});
afterEach(() => secrets.db.close());
afterAll(removeTemporaryDirectories);

const text = (): string => readFileSync(secrets.logFile, 'utf8');
const lines = (): Record<string, unknown>[] =>
  text()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const operations = () => lines().map(({ operation, key }) => [operation, key]);

const EXPECTED = [
  ['set', 'A'],
  ['set', 'B'],
  ['delete', 'A'],
];

async function restart(meanwhile: () => void): Promise<void> {
  await secrets.db.close();
  meanwhile();
  secrets = await openSecretDatabase({ root: secrets.db.directory.root });
}

describe('SecretLog', () => {
  it('has a line for each set and delete, with who, when, and its number, and no value', () => {
    expect(operations()).toEqual(EXPECTED);
    expect(lines()[0]).toMatchObject({ actor: 'loopback', requestId: 'R1', sequence: 1 });
    expect(lines()[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(text()).not.toContain('canary');
    expect(statSync(secrets.logFile).mode & 0o777).toBe(0o600);
  });

  it('is level wherever a crash tore it, and keeps what was whole', async () => {
    const whole = text();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
        truncateSync(secrets.logFile, length);
        await secrets.secretLog.level();
        expect(text()).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('is level after a power cut left NUL bytes at its end', async () => {
    const whole = text();
    truncateSync(secrets.logFile, 300);
    appendFileSync(secrets.logFile, Buffer.alloc(500));
    await secrets.secretLog.level();
    expect(text()).toBe(whole);
  });

  it('is written again when it was taken away, also while the service runs', async () => {
    const whole = text();
    await restart(() => rmSync(secrets.logFile));
    expect(text()).toBe(whole);
    rmSync(secrets.logFile);
    await secrets.store.set(ORIGIN, 'C', 'v');
    expect(operations()).toEqual([...EXPECTED, ['set', 'C']]);
  });

  it('keeps the lines of Risoluto 0.6 and other people’s', async () => {
    const old = '{"at":"2024-01-01T00:00:00Z","operation":"set","key":"OLD"}\nnot JSON\n';
    await restart(() => writeFileSync(secrets.logFile, old));
    expect(text().startsWith(old)).toBe(true);
    expect(text().slice(old.length).split('\n').slice(0, -1)).toHaveLength(3);
    await restart(() => undefined);
    expect(text().slice(old.length).split('\n').slice(0, -1)).toHaveLength(3);
  });

  it('gets back a line that was taken out of its middle', async () => {
    const whole = lines().map((line) => JSON.stringify(line));
    await restart(() => writeFileSync(secrets.logFile, `${whole[0]}\n${whole[2]}\n`));
    expect(new Set(operations().map(String))).toEqual(new Set(EXPECTED.map(String)));
  });

  it('keeps lines of rows that the table has not, and adds those that it has', async () => {
    const ahead = `${JSON.stringify({ at: 'x', operation: 'set', key: 'AHEAD', sequence: 9, hash: 'f' })}\n`;
    await restart(() => appendFileSync(secrets.logFile, ahead));
    await secrets.store.set(ORIGIN, 'C', 'v');
    expect(operations()).toEqual([...EXPECTED, ['set', 'AHEAD'], ['set', 'C']]);
    await restart(() => undefined);
    expect(operations()).toEqual([...EXPECTED, ['set', 'AHEAD'], ['set', 'C']]);
  });

  it('catches up after a time in which it could not be written; the changes stood', async () => {
    await secrets.db.close();
    secrets = await openSecretDatabase({ root: secrets.db.directory.root });
    const whole = text();
    rmSync(secrets.logFile);
    const { mkdirSync, rmdirSync } = await import('node:fs');
    mkdirSync(secrets.logFile);
    await secrets.store.set(ORIGIN, 'C', 'v');
    expect(secrets.db.hookErrors).toHaveLength(1);
    rmdirSync(secrets.logFile);
    writeFileSync(secrets.logFile, whole);
    await secrets.store.set(ORIGIN, 'D', 'v');
    expect(operations()).toEqual([...EXPECTED, ['set', 'C'], ['set', 'D']]);
  });

  it('is level when it is long, without being read whole', async () => {
    const filler = `${JSON.stringify({ note: 'x'.repeat(1000) })}\n`;
    await restart(() => {
      const own = text();
      writeFileSync(secrets.logFile, filler.repeat(400) + own.slice(0, own.indexOf('\n') + 1));
    });
    expect(operations().slice(400)).toEqual(EXPECTED);
  });
});
