import { EventEmitter } from 'node:events';

import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';

import type { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import type { DecisionFollower } from '../egress/decision-follower.js';
import { Places } from '../places.js';
import type { RunsService } from '../runs.service.js';
import { wantsEvents } from './decision-format.js';
import { RunEgressController } from './run-egress.controller.js';

const CLIENT = '127.0.0.1';

describe('RunEgressController', () => {
  it('keeps no place for a client that was gone before its run was found', async () => {
    const places = new Places(1);
    const raw = new EventEmitter();
    const runs = {
      get: () => {
        raw.emit('close');
        return Promise.resolve({ id: 'R' });
      },
    } as unknown as RunsService;
    const follower = {
      enter: (client: string) => places.take(client),
    } as unknown as DecisionFollower;
    let hijacked = false;
    const request = { risoluto: { clientAddress: CLIENT } };
    const reply = { raw, request, hijack: () => (hijacked = true) } as unknown as FastifyReply;
    const controller = new RunEgressController(runs, {} as DecisionTrail, follower);
    await controller.egress('R', { limit: 50 }, 'text/event-stream', undefined, reply);
    expect(hijacked).toBe(true);
    expect(() => places.take(CLIENT)).not.toThrow();
  });

  it.each([
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    ['text/event-stream', true],
    ['application/json, text/event-stream', false],
    ['application/json;q=0.5, text/event-stream', true],
    ['text/event-stream;q=0.1, */*', false],
    ['text/html', false],
  ])('answers Accept %s with events: %s', (accept, events) => {
    expect(wantsEvents(accept)).toBe(events);
  });
});
