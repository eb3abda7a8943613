import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { ArrivingBodies } from './arriving-bodies.js';

const KiB = 1024;

function message(headers: Record<string, string> = {}) {
  const stream = Object.assign(new PassThrough(), { headers });
  return Object.assign(stream, { asMessage: stream as unknown as IncomingMessage });
}

const codeOf = (reading: Promise<Buffer>) =>
  reading.then(
    () => 'read',
    (error: { code: string }) => error.code,
  );

describe('bodies that arrive', () => {
  it('come whole, whatever their pieces', async () => {
    const bodies = new ArrivingBodies(KiB, 64 * KiB);
    const one = message();
    const reading = bodies.read(one.asMessage);
    for (const letter of 'a body') one.write(letter);
    one.end();
    expect((await reading).toString()).toBe('a body');
  });

  it('are refused past the limit of one, said beforehand or not', async () => {
    const bodies = new ArrivingBodies(KiB, 64 * KiB);
    const said = message({ 'content-length': '1025' });
    expect(await codeOf(bodies.read(said.asMessage))).toBe('body_too_large');
    const unsaid = message();
    const reading = codeOf(bodies.read(unsaid.asMessage));
    unsaid.end(Buffer.alloc(KiB + 1));
    expect(await reading).toBe('body_too_large');
  });

  it('give way, the oldest first, where they come to too much together', async () => {
    const bodies = new ArrivingBodies(10 * KiB, 32 * KiB);
    const messages = [message(), message(), message(), message(), message()];
    const outcomes = messages.map((one) => codeOf(bodies.read(one.asMessage)));
    for (const one of messages) one.write(Buffer.alloc(9 * KiB));
    for (const one of messages) one.end();
    expect(await Promise.all(outcomes)).toEqual([
      ...['server_busy', 'server_busy', 'read', 'read', 'read'],
    ]);
  });

  it('count with their pieces, which cost more than what is in them', async () => {
    const bodies = new ArrivingBodies(10 * KiB, 32 * KiB);
    const one = message();
    const outcome = codeOf(bodies.read(one.asMessage));
    for (let piece = 0; piece < 300; piece += 1) {
      one.write('x');
      await new Promise(setImmediate);
    }
    expect(await outcome).toBe('server_busy');
  });

  it('leave their room to others, however they end', async () => {
    const bodies = new ArrivingBodies(10 * KiB, 12 * KiB);
    for (let turn = 0; turn < 20; turn += 1) {
      const one = message();
      const outcome = codeOf(bodies.read(one.asMessage));
      one.write(Buffer.alloc(9 * KiB));
      await new Promise(setImmediate);
      if (turn % 2 === 0) one.end();
      else one.destroy(new Error('aborted'));
      expect(await outcome).toBe(turn % 2 === 0 ? 'read' : 'malformed_request');
    }
  });
});
