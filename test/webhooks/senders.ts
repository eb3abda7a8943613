import { createHmac, randomUUID } from 'node:crypto';

import type { ApiAnswer } from '../support/http.js';
import type { RunningService } from '../support/service.js';

export const LINEAR_SECRET = 'lin_wh_Yb3kQ9vX2mT7pL4sR8wZ1cN6';
export const GITHUB_SECRET = 'gh-4f1d9a7c2b8e6035d1c4';
export const DEPLOYS_KEY = Buffer.from('c2VjcmV0LW9mLWRlcGxveXMtMDE=', 'base64');

/** A request of a sender, as it goes over the wire. */
export interface SentDelivery {
  path: string;
  body: string;
  headers: Record<string, string>;
}

export function hmac(
  key: string | Buffer,
  body: string | Buffer,
  encoding: 'hex' | 'base64',
): string {
  return createHmac('sha256', key).update(body).digest(encoding);
}

export function signedByLinear(
  payload: object | string,
  { secret = LINEAR_SECRET, id = randomUUID() }: { secret?: string; id?: string } = {},
): SentDelivery {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return {
    path: '/webhooks/linear',
    body,
    headers: { 'linear-signature': hmac(secret, body, 'hex'), 'linear-delivery': id },
  };
}

export function signedByGitHub(
  payload: object,
  event = 'issues',
  id: string = randomUUID(),
): SentDelivery {
  const body = JSON.stringify(payload);
  return {
    path: '/webhooks/github',
    body,
    headers: {
      'x-hub-signature-256': `sha256=${hmac(GITHUB_SECRET, body, 'hex')}`,
      'x-github-delivery': id,
      'x-github-event': event,
    },
  };
}

export function signedByStandard(
  payload: object,
  {
    id = randomUUID(),
    at = Date.now(),
    key = DEPLOYS_KEY,
  }: { id?: string; at?: number; key?: Buffer } = {},
): SentDelivery {
  const body = JSON.stringify(payload);
  const seconds = String(Math.floor(at / 1000));
  return {
    path: '/webhooks/standard/deploys',
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${hmac(key, `${id}.${seconds}.${body}`, 'base64')}`,
    },
  };
}

export function send(service: RunningService, { path, body, headers }: SentDelivery) {
  return service.api('POST', path, { body, headers });
}

/** An update of an issue, as Linear tells of it at `at`. */
export function issueUpdate(identifier: string, at = Date.now(), more: object = {}): object {
  const time = new Date(at).toISOString();
  return {
    type: 'Issue',
    action: 'update',
    createdAt: time,
    data: {
      id: `id-of-${identifier}`,
      identifier,
      title: `About ${identifier}`,
      updatedAt: time,
      state: { id: 's', name: 'In Progress', type: 'started' },
      labels: [{ id: 'l', name: 'agent' }],
      team: { id: 't', key: identifier.split('-', 1)[0], name: 'Team' },
    },
    organizationId: 'o',
    webhookId: 'w',
    webhookTimestamp: at,
    ...more,
  };
}

export interface Delivery {
  id: string;
  source: string;
  deliveryId: string;
  issue: string | null;
  status: string;
  attempts: number;
  reason: string | null;
  occurredAt: string;
  payload?: unknown;
}

export async function deliveries(service: RunningService, query = ''): Promise<Delivery[]> {
  const all: Delivery[] = [];
  let cursor = '';
  do {
    const path = `/api/v1/webhooks/deliveries?limit=200${query}${cursor}`;
    const answer: ApiAnswer = await service.api('GET', path);
    if (answer.status !== 200) throw new Error(answer.text);
    all.push(...(answer.body.items as Delivery[]));
    cursor = answer.body.nextCursor === null ? '' : `&cursor=${answer.body.nextCursor}`;
  } while (cursor !== '');
  return all;
}

/** Once no delivery waits any more. */
export async function settled(service: RunningService): Promise<void> {
  const deadline = performance.now() + 60_000;
  while ((await deliveries(service, '&status=pending')).length > 0) {
    if (performance.now() > deadline) throw new Error('deliveries still wait after 60 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
