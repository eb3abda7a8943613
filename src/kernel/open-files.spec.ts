import { describe, expect, it } from 'vitest';

import { openFilesLimit, shareOut } from './open-files.js';

describe('open files', () => {
  it('are as many as the system says', () => {
    expect(openFilesLimit()).toBeGreaterThan(100);
  });

  it('are shared out so that a quarter is nobody’s, and no more than needed', () => {
    expect(shareOut(1024)).toEqual({ connections: 640, outputReaders: 128 });
    expect(shareOut(1_048_576)).toEqual({ connections: 16_384, outputReaders: 1000 });
  });
});
