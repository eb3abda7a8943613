import { describe, expect, it } from 'vitest';

import { byteSize } from './byte-size.js';

describe('byteSize', () => {
  it.each([
    [512, 512],
    ['512', 512],
    ['512m', 512 * 1024 ** 2],
    ['4g', 4 * 1024 ** 3],
    ['10GiB', 10 * 1024 ** 3],
    ['1.5k', 1536],
    ['2 MB', 2 * 1024 ** 2],
  ])('reads %s as %d bytes', (written, bytes) => {
    expect(byteSize.parse(written)).toBe(bytes);
  });

  it.each(['', 'g', '-1', '1e3', '0x10', '4 gigs', '1g1', 'Infinity', -1, 1.5, Number.NaN])(
    'refuses %s',
    (written) => {
      expect(byteSize.safeParse(written).success).toBe(false);
    },
  );
});
