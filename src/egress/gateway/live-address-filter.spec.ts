import { describe, expect, it } from 'vitest';

import { MemoryRecorder } from '../../../test/support/gateway/memory-recorder.js';
import { TableResolver } from '../../../test/support/gateway/gateway-lab.js';
import { SetClock } from '../../../test/support/set-clock.js';
import { LiveAddressFilter } from './live-address-filter.js';

describe('the addresses that are blocked', () => {
  it('follow the rules at once, and the host’s own addresses within a second', () => {
    const clock = new SetClock();
    let internalRanges: string[] = [];
    let own: string[] = [];
    let listed = 0;
    const filter = new LiveAddressFilter({
      key: Buffer.alloc(32),
      rules: () => ({
        allowlist: [],
        mode: 'enforce',
        internalRanges,
        routes: [],
        limits: { connections: 1, newConnectionsPerSecond: 1, bytes: 0 },
      }),
      recorder: new MemoryRecorder(),
      resolver: new TableResolver(),
      ownAddresses: () => {
        listed += 1;
        return own;
      },
      clock,
    });
    expect(filter.blocked('10.0.0.1')).toBe('private');
    internalRanges = ['10.0.0.0/8'];
    expect(filter.blocked('10.0.0.1')).toBeNull();
    own = ['10.0.0.1'];
    clock.ms += 1000;
    expect(filter.blocked('10.0.0.1')).toBe('own');
    expect(filter.blocked('10.0.0.2')).toBeNull();
    internalRanges = [];
    expect(filter.blocked('10.0.0.2')).toBe('private');
    expect(listed).toBe(2);
  });
});
