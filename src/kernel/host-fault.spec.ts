import { writeFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { hostFault } from './host-fault.js';

describe('hostFault', () => {
  it('tells what passes from what does not', () => {
    let full: unknown;
    try {
      writeFileSync('/dev/full', 'x');
    } catch (error) {
      full = error;
    }
    expect(hostFault(full)).toBe('ENOSPC');
    expect(hostFault(Object.assign(new Error(), { code: 'ENOENT' }))).toBeNull();
    expect(hostFault(new Error('ENOSPC'))).toBeNull();
    expect(hostFault(undefined)).toBeNull();
  });
});
