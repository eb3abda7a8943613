import { describe, expect, it } from 'vitest';

import { DenialLog } from './denial-log.js';

describe('DenialLog', () => {
  it('writes one line a second for each code and counts the rest', () => {
    const lines: unknown[] = [];
    let now = 0;
    const log = new DenialLog({ warn: (line: unknown) => void lines.push(line) }, () => now);
    const denial = { requestId: 'r', clientAddress: 'a', method: 'PUT', route: '/x' };
    for (let count = 0; count < 1000; count += 1) log.write('write_forbidden', denial);
    log.write('read_unauthorized', denial);
    now = 1000;
    log.write('write_forbidden', denial);
    expect(lines).toMatchObject([
      { code: 'write_forbidden', leftOut: 0 },
      { code: 'read_unauthorized', leftOut: 0 },
      { code: 'write_forbidden', leftOut: 999 },
    ]);
  });
});
