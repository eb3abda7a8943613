import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect } from 'vitest';

import { engine } from '../support/engine.js';
import type { RunningService } from '../support/service.js';

export interface Item {
  id: string;
  title: string;
  status: 'pass' | 'warn' | 'fail';
  detail: string;
  remedy: string | null;
  checked: boolean;
  checkedAt: string;
}

export interface Checklist {
  items: Item[];
  nextCursor: null;
  status: string;
  checkedAt: string;
}

/** The checklist as it is now, whatever was found a moment ago. */
export async function freshChecklist(service: RunningService, token?: string): Promise<Checklist> {
  const answer = await service.api('GET', '/api/v1/hardening?fresh=true', {
    ...(token && { token }),
  });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Checklist;
}

export function itemOf({ items }: Checklist, id: string): Item {
  const item = items.find((one) => one.id === id);
  if (!item) throw new Error(`no item ${id}`);
  return item;
}

/** One item as it is now, without the cost of the others. */
export async function freshItem(service: RunningService, id: string): Promise<Item> {
  const answer = await service.api('GET', `/api/v1/hardening?fresh=true&item=${id}`);
  expect(answer.status, answer.text).toBe(200);
  return itemOf(answer.body as Checklist, id);
}

/** How many containers of the service were made while `work` ran, as the engine's events tell. */
export async function containersMade(
  service: RunningService,
  work: () => Promise<unknown>,
): Promise<number> {
  const instance = readFileSync(join(service.dataDir, 'instance-id'), 'utf8').trim();
  const since = Date.now() / 1000;
  await work();
  const until = Date.now() / 1000;
  const filters = { event: ['create'], label: [`risoluto.instance=${instance}`] };
  const events = await engine().getEvents({ since, until, filters });
  const lines = (await text(events)).split('\n').filter((line) => line !== '');
  return lines.length;
}
