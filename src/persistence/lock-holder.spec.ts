import { describe, expect, it } from 'vitest';

import { pidOfWriter } from './lock-holder.js';

const LOCKS = `1: POSIX  ADVISORY  READ 18907 fe:00:2222497 128 128
2: POSIX  ADVISORY  READ 18908 fe:00:2221256 1073741826 1073742335
3: FLOCK  ADVISORY  WRITE 18909 fe:00:12221256 0 EOF
4: -> POSIX  ADVISORY  WRITE 18910 fe:00:2221256 1073741824 1073742335
5: POSIX  ADVISORY  WRITE 18911 fe:00:2221256 1073741824 1073742335
6: POSIX  ADVISORY  WRITE 0 fe:00:77 1073741824 1073742335
`;

describe('pidOfWriter', () => {
  it('is the process that holds the write lock, not one that reads or waits for it', () => {
    expect(pidOfWriter(LOCKS, 2_221_256)).toBe(18_911);
    expect(pidOfWriter(LOCKS, 12_221_256)).toBe(18_909);
  });

  it('is nobody where none is told', () => {
    expect(pidOfWriter(LOCKS, 2_222_497)).toBeNull();
    expect(pidOfWriter(LOCKS, 77)).toBeNull();
    expect(pidOfWriter('', 77)).toBeNull();
  });
});
