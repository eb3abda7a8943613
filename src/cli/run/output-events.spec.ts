import { describe, expect, it } from 'vitest';

import { OutputEvents } from './output-events.js';

const record = { seq: 1, at: '', turn: 1, stream: 'stdout', text: 'ä\n\nevent: end\n' };
const STREAM = Buffer.from(
  ': output of the run follows\nretry: 1000\n\n' +
    `id: 1\nevent: output\ndata: ${JSON.stringify(record)}\n\n` +
    ': still here\n\nevent: stopping\ndata: {}\n\nevent: end\ndata: {}\n\n',
);
const EVENTS = [{ kind: 'record', record }, { kind: 'stopping' }, { kind: 'end' }];

describe('OutputEvents', () => {
  it.each([1, 2, 7, 100_000])('reads the same in pieces of %d bytes', (size) => {
    const events = new OutputEvents();
    const read = [];
    for (let at = 0; at < STREAM.length; at += size) {
      read.push(...events.read(STREAM.subarray(at, at + size)));
    }
    expect(read).toEqual(EVENTS);
  });

  it('holds back an event that is not whole', () => {
    expect([...new OutputEvents().read(STREAM.subarray(0, STREAM.length - 1))]).toEqual(
      EVENTS.slice(0, 2),
    );
  });
});
