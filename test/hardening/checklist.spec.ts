import { readdirSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { CHECK_ORDER } from '../../src/hardening/check-order.js';
import { containersOf } from '../runs/leftovers.js';
import { UNLIMITED } from '../runs/run-questions.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { containersMade, freshChecklist, itemOf, type Checklist } from './checklist.js';

const SECRETS = {
  MASTER_KEY: 'hardening-canary-master-key-0123456789',
  RISOLUTO_READ_TOKEN: 'hardening-canary-read-token',
};

// Each fresh round starts containers, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let service: RunningService;
let first: Checklist;
let madeByOneRound: number;

beforeAll(async () => {
  service = await startService({ env: SECRETS, yaml: UNLIMITED });
  await world.clear();
  madeByOneRound = await containersMade(service, async () => {
    first = await freshChecklist(service);
  });
});
afterAll(() => service?.stop());

describe('the checklist', () => {
  it('has every item once, in order, with a status, a detail, a remedy and a time', () => {
    expect(first.items.map(({ id }) => id)).toEqual([...CHECK_ORDER]);
    for (const item of first.items) {
      expect(item.detail.length, item.id).toBeGreaterThan(10);
      expect(new Date(item.checkedAt).toISOString()).toBe(item.checkedAt);
      if (item.status === 'pass') expect(item.remedy, item.id).toBeNull();
      if (item.status !== 'pass' && item.checked) expect(item.remedy, item.id).not.toBeNull();
    }
    expect(first.nextCursor).toBeNull();
    const statuses = first.items.map(({ status }) => status);
    expect(first.status).toBe(statuses.includes('fail') ? 'fail' : 'warn');
  });

  it('proves the fence, the controls, gVisor and the profile by containers that it really started', () => {
    expect(madeByOneRound).toBeGreaterThanOrEqual(3);
    const proof = itemOf(first, 'fence-proof');
    expect(proof, proof.detail).toMatchObject({ status: 'pass', checked: true });
    expect(proof.detail).toContain('heard nothing');
    const seccomp = itemOf(first, 'seccomp');
    expect(seccomp, seccomp.detail).toMatchObject({
      status: 'warn',
      remedy: expect.stringContaining('codex.sandbox.security.seccompProfile hardened'),
    });
    for (const id of ['sandbox-controls', 'gvisor', 'fence', 'file-modes']) {
      expect(itemOf(first, id), itemOf(first, id).detail).toMatchObject({ status: 'pass' });
    }
  });

  it('leaves no container, no directory and no packet behind', async () => {
    expect(await containersOf(service)).toEqual([]);
    const probes = readdirSync(service.dataDir, { recursive: true }).map(String);
    expect(probes.filter((path) => path.includes('doctor-'))).toEqual([]);
    const to = (await world.arrivals()).map((arrival) => arrival.to);
    expect(to).not.toContain('169.254.169.254');
    expect(to).not.toContain('192.0.2.1');
  });

  it('says that what nothing here can tell could not be checked', () => {
    const clock = itemOf(first, 'clock');
    if (clock.checked) expect(clock.detail).toContain('synchronized');
    else
      expect(clock).toMatchObject({
        status: 'warn',
        detail: expect.stringContaining('could not be checked'),
      });
  });

  it('holds no secret', () => {
    const text = JSON.stringify(first);
    for (const secret of Object.values(SECRETS)) expect(text).not.toContain(secret);
  });

  it('is counted in the metrics', async () => {
    const { text } = await service.api('GET', '/metrics');
    const count = (status: string) => first.items.filter((item) => item.status === status).length;
    for (const status of ['pass', 'warn', 'fail']) {
      expect(text).toContain(`risoluto_hardening_items{status="${status}"} ${count(status)}`);
    }
  });

  it('refuses a query that it does not know', async () => {
    expect((await service.api('GET', '/api/v1/hardening?fresh=yes')).status).toBe(400);
    expect((await service.api('GET', '/api/v1/hardening?item=no-such-item')).status).toBe(404);
  });
});

describe('a flood of questions', () => {
  const ask = (path: string) =>
    Promise.all(Array.from({ length: 200 }, () => service.api('GET', path)));

  it('starts nothing while what was found is still good', async () => {
    const made = await containersMade(service, async () => {
      const answers = await ask('/api/v1/hardening');
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    });
    expect(made).toBe(0);
  });

  it('that wants it new shares one round', async () => {
    const made = await containersMade(service, async () => {
      const answers = await ask('/api/v1/hardening?fresh=true');
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    });
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThanOrEqual(madeByOneRound);
  });
});
