import { EventEmitter } from 'node:events';

import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';

import type { OutputFollower } from '../output/output-follower.js';
import { Places } from '../places.js';
import type { RunsService } from '../runs.service.js';
import { RunOutputController } from './run-output.controller.js';

describe('RunOutputController', () => {
  it('keeps no place for a client that was gone before its run was found', async () => {
    const places = new Places(1);
    const raw = new EventEmitter();
    const runs = {
      get: () => {
        raw.emit('close');
        return Promise.resolve({ id: 'R' });
      },
    } as unknown as RunsService;
    const follower = { enter: () => places.take('::1') } as unknown as OutputFollower;
    let hijacked = false;
    const reply = { raw, hijack: () => (hijacked = true) } as unknown as FastifyReply;
    const controller = new RunOutputController(runs, follower);
    await controller.output('R', {}, undefined, undefined, reply);
    expect(hijacked).toBe(true);
    expect(() => places.take('::1')).not.toThrow();
  });
});
