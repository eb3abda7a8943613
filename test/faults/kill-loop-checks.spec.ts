import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED, setSecret } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { executeBeside } from '../support/audited-database.js';
import { randomFrom } from '../support/dice.js';
import { SEED } from '../support/long-form.js';
import { startService, type RunningService } from '../support/service.js';
import { expectLogLevel } from '../support/stored.js';
import { Life } from './life.js';
import { RunLoad, type Attempt } from './run-load.js';
import { checkRuns } from './run-truth.js';
import { SecretLoad } from './secret-load.js';

const MASTER_KEY = 'the key of the kill loop';
const PATIENCE_MS = 180_000;

let service: RunningService;
let secrets: SecretLoad;
let runs: RunLoad;
let talked: Attempt;

beforeAll(async () => {
  service = await startService({
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 3 } },
    env: { MASTER_KEY, RISOLUTO_LOG_LEVEL: 'warn' },
  });
  await setSecret(service, 'TOKEN', 'kill-loop-s3cret');
  secrets = new SecretLoad(service, MASTER_KEY);
  runs = new RunLoad(service, randomFrom(SEED));
  const life = new Life(service);
  const load = Promise.all([secrets.write(life), runs.send(life)]);
  await sleep(3000);
  talked = await until('a run that talks', () => runs.ofKind('talking') ?? null);
  life.over = true;
  await load;
  await until(
    'every run to end',
    async () => {
      await runs.cancelRest(new Life(service));
      await check();
      return runs.open.length === 0 ? true : null;
    },
    120_000,
  );
}, PATIENCE_MS);
afterAll(() => service?.stop());

/** As if no end had been looked at yet. */
async function check(): Promise<void> {
  await secrets.check();
  await expectLogLevel(service.dataDir);
  const finalRows = new Map();
  await checkRuns(service, runs.attempts, finalRows);
}

async function checkAgain(): Promise<void> {
  for (const attempt of runs.attempts) attempt.done = false;
  await check();
}

const sql = (text: string) => executeBeside(join(service.dataDir, 'risoluto.db'), text);

/** What the check of the kill loop must see. */
const FAULTS: Readonly<Record<string, { file: () => string; edit: (text: string) => string }>> = {
  'a command that ran twice': {
    file: () => join(service.workspacesDir, talked.issue, 'ledger'),
    edit: (text) => `${text}${talked.mark}\n`,
  },
  'a command that never ran': {
    file: () => join(service.workspacesDir, talked.issue, 'ledger'),
    edit: (text) => text.replace(`${talked.mark}\n`, ''),
  },
  'a lost line of output': {
    file: () => join(service.dataDir, 'output', `${talked.id}.ndjson`),
    edit: (text) => text.replace(/[^\n]*\n/, ''),
  },
  'a doubled line of output': {
    file: () => join(service.dataDir, 'output', `${talked.id}.ndjson`),
    edit: (text) => text.replace(/[^\n]*\n/, '$&$&'),
  },
  'a line that the log lacks': {
    file: () => join(service.dataDir, 'secrets.audit.log'),
    edit: (text) => text.replace(/[^\n]*\n/, ''),
  },
};

describe('the checks of the kill loop', () => {
  it(
    'pass where nothing is wrong',
    () => expect(checkAgain()).resolves.toBeUndefined(),
    PATIENCE_MS,
  );

  it.each(Object.keys(FAULTS))(
    'see %s',
    async (name) => {
      const { file, edit } = FAULTS[name]!;
      const path = file();
      const text = await readFile(path, 'utf8');
      expect(edit(text)).not.toBe(text);
      await writeFile(path, edit(text));
      try {
        await expect(checkAgain()).rejects.toThrow();
      } finally {
        await writeFile(path, text);
      }
      await checkAgain();
    },
    PATIENCE_MS,
  );

  it(
    'see a lost run, a false outcome and a lost secret',
    async () => {
      const id = talked.id ?? '';
      await sql(`UPDATE runs SET id = 'x' || id WHERE id = '${id}'`);
      await expect(checkAgain()).rejects.toThrow();
      await sql(`UPDATE runs SET id = '${id}' WHERE id = 'x${id}'`);
      await checkAgain();
      await sql(`UPDATE runs SET exit_code = 77 WHERE id = '${id}'`);
      await expect(checkAgain()).rejects.toThrow();
      await sql(`UPDATE runs SET exit_code = ${talked.kind.ends.exitCode} WHERE id = '${id}'`);
      await sql(`DELETE FROM encrypted_secrets WHERE key LIKE 'K0_%'`);
      await expect(secrets.check()).rejects.toThrow();
    },
    PATIENCE_MS,
  );
});
