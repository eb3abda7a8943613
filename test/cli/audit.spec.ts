import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { executeBeside } from '../support/audited-database.js';
import { startService, type RunningService } from '../support/service.js';
import { risoluto, type CliText } from './risoluto.js';

// Without the service each command loads the database's modules, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

const TOKEN = 'a-write-token-that-nobody-guesses';

let service: RunningService;
let env: Record<string, string>;

beforeAll(async () => {
  service = await startService({ env: { RISOLUTO_WRITE_TOKEN: TOKEN } });
  env = service.env;
  for (const [method, key] of [
    ['PUT', 'A'],
    ['PUT', 'B'],
    ['PUT', 'C'],
    ['DELETE', 'A'],
  ] as const) {
    const body = method === 'PUT' ? { value: 'value' } : undefined;
    const answer = await service.api(method, `/api/v1/secrets/${key}`, { token: TOKEN, body });
    if (answer.status !== 204) throw new Error(answer.text);
  }
});
afterAll(() => service.stop());

function audit(args: string[], own: Record<string, string> = env): Promise<CliText> {
  return risoluto(['audit', ...args], { env: own }, 120_000);
}

async function tamper(sql: string): Promise<void> {
  await executeBeside(`${service.dataDir}/risoluto.db`, sql);
}

const EDIT = "UPDATE audit_rows SET target = 'forged' WHERE seq = 2";
const MEND = "UPDATE audit_rows SET target = 'B' WHERE seq = 2";
const BROKEN = {
  ok: false,
  checked: 2,
  firstBroken: { seq: 2, reason: 'edited' },
};

describe('risoluto audit', () => {
  it('verifies through the service, and ends with 1 at the first broken row', async () => {
    expect(await audit(['verify'])).toEqual({
      code: 0,
      stdout: 'the audit trail is whole; 4 rows checked\n',
      stderr: '',
    });
    await tamper(EDIT);
    const text = await audit(['verify']);
    expect([text.code, text.stderr]).toEqual([1, '']);
    expect(text.stdout).toBe(
      'THE AUDIT TRAIL IS NOT WHOLE; 2 rows checked\n' +
        'first at row 2: edited, a column of the row was changed\n',
    );
    const json = await audit(['verify', '--full', '--json']);
    expect([json.code, JSON.parse(json.stdout)]).toEqual([1, BROKEN]);
    await tamper(MEND);
    expect((await audit(['verify', '--full'])).code).toBe(0);
  });

  it('needs write access for everything, and says so', async () => {
    const { RISOLUTO_WRITE_TOKEN: _token, ...noToken } = env;
    expect((await audit(['verify'], noToken)).code).toBe(0);
    const full = await audit(['verify', '--full', '--json'], noToken);
    expect([full.code, full.stdout]).toEqual([122, '']);
    expect(JSON.parse(full.stderr).error).toMatchObject({ code: 'write_unauthorized' });
  });

  it('lists the newest rows, filtered, for people and for machines', async () => {
    const text = await audit(['list', '--limit', '2']);
    expect(text.stdout).toMatch(
      /^SEQ +AT +ACTOR +ACTION +TARGET\n4 .* secret\.deleted +A\n3 .* C\n$/,
    );
    const json = await audit(['list', '--action', 'secret.set', '--target', 'A', '--json']);
    const { items } = JSON.parse(json.stdout);
    expect(items).toMatchObject([{ seq: 1, actor: 'write-token', action: 'secret.set' }]);
    expect((await audit(['list', '--actor', 'nobody'])).stdout).toBe('no rows\n');
    for (const limit of ['0', '201', 'all']) {
      expect((await audit(['list', '--limit', limit])).code).toBe(120);
    }
  });

  it('says the same while the service is down', async () => {
    await service.terminate();
    expect(await audit(['verify'])).toMatchObject({
      code: 0,
      stdout: 'the audit trail is whole; 4 rows checked\n',
      stderr: expect.stringContaining('the service is down'),
    });
    const json = await audit(['list', '--action', 'secret.set', '--target', 'A', '--json']);
    expect(JSON.parse(json.stdout).items).toMatchObject([{ seq: 1, actor: 'write-token' }]);
    await tamper(EDIT);
    const broken = await audit(['verify', '--json']);
    expect([broken.code, JSON.parse(broken.stdout)]).toEqual([1, BROKEN]);
    await tamper(MEND);
    await tamper('DELETE FROM audit_rows WHERE seq = 4');
    const cut = await audit(['verify']);
    expect([cut.code, cut.stdout]).toEqual([1, expect.stringContaining('row 4: cut_from_end')]);
  });
});
