import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, expect, it } from 'vitest';

import { openRunDatabase } from '../../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import type { LiveSettings } from '../../config/live-settings.js';
import { SystemClock } from '../../kernel/clock.js';
import { hostMoment } from '../../kernel/host-moment.js';
import { IdleRuns } from './idle-runs.js';

afterAll(removeTemporaryDirectories);

const LIMIT_SECONDS = 3600;
const LIMIT_MS = LIMIT_SECONDS * 1000;
const YEAR_MS = 365 * 86_400_000;

/** Settings of which a change is told. */
function settingsOf(idleTimeoutSeconds: number) {
  const listeners: (() => void)[] = [];
  const settings = {
    runs: { idleTimeoutSeconds },
    onReplaced: (listener: () => void) => listeners.push(listener),
  };
  return {
    settings: settings as unknown as LiveSettings,
    replace: (seconds: number) => {
      settings.runs.idleTimeoutSeconds = seconds;
      for (const listener of listeners) listener();
    },
  };
}

async function open(limitSeconds: number) {
  const database = await openRunDatabase();
  const { transactions, runs, closing, signals } = database;
  const { settings, replace } = settingsOf(limitSeconds);
  const clock = new SystemClock();
  const idle = new IdleRuns(transactions, runs, closing, settings, signals, clock);
  return {
    ...database,
    idle,
    replace,
    async close() {
      signals.stop();
      await sleep(50);
      await database.db.close();
    },
  };
}

it('counts as the host does, and by the clock where the host has booted since', async () => {
  const at = await open(LIMIT_SECONDS);
  const ids = await at.add(['A', 'B', 'C', 'D', 'E'], true);
  const [clockSetAhead, clockSetBack, booted, bootedLately, asked] = ids as [
    string,
    string,
    string,
    string,
    string,
  ];
  for (const id of ids) await at.passTurn(id);
  await at.addTurn(asked);
  const now = Date.now();
  const moment = hostMoment()!;
  const longAgo = { ...moment, ms: moment.ms - LIMIT_MS };
  const other = { ...moment, boot: 'another' };
  const idleAs = (id: string, idleSince: number, idleMoment: object) =>
    at.change(id, ({ manager }) =>
      at.runs.update(manager, id, { idleSince, idleMoment: JSON.stringify(idleMoment) }),
    );
  await idleAs(clockSetAhead, now - YEAR_MS, moment);
  await idleAs(clockSetBack, now + YEAR_MS, longAgo);
  await idleAs(booted, now - LIMIT_MS, other);
  await idleAs(bootedLately, now - LIMIT_MS + 60_000, other);
  at.idle.onApplicationBootstrap();
  const statusOf = async (id: string) => (await at.runs.find(id))?.status;
  await expect.poll(() => statusOf(clockSetBack)).toBe('failed');
  await expect.poll(() => statusOf(booted)).toBe('failed');
  await sleep(200);
  expect(await Promise.all([clockSetAhead, bootedLately, asked].map(statusOf))).toEqual([
    'idle',
    'idle',
    'idle',
  ]);
  await at.close();
});

it('closes a run when its time is over, and at once when the limit is lowered to less', async () => {
  const at = await open(1);
  at.idle.onApplicationBootstrap();
  const [first = '', second = ''] = await at.add(['A', 'B'], true);
  let freed = 0;
  at.signals.onQueued(() => (freed += 1));
  await at.passTurn(first);
  const began = performance.now();
  at.signals.idle();
  await expect
    .poll(async () => (await at.runs.find(first))?.status, { timeout: 5000 })
    .toBe('failed');
  expect(performance.now() - began).toBeGreaterThan(950);
  expect(freed).toBe(1);

  at.replace(LIMIT_SECONDS);
  await at.passTurn(second);
  at.signals.idle();
  await sleep(1500);
  expect((await at.runs.find(second))?.status).toBe('idle');
  at.replace(1);
  await expect.poll(async () => (await at.runs.find(second))?.status).toBe('failed');
  await at.close();
});
