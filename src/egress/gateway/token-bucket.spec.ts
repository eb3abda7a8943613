import { describe, expect, it } from 'vitest';

import { SetClock } from '../../../test/support/set-clock.js';
import { TokenBucket } from './token-bucket.js';

function taken(bucket: TokenBucket, perSecond: number): number {
  let count = 0;
  while (bucket.take(perSecond)) count += 1;
  return count;
}

describe('a bucket of tokens', () => {
  it('gives what two seconds earn at once, and then what each moment earns', () => {
    const clock = new SetClock();
    const bucket = new TokenBucket(clock);
    expect(taken(bucket, 10)).toBe(20);
    clock.ms += 100;
    expect(taken(bucket, 10)).toBe(1);
    clock.ms += 1500;
    expect(taken(bucket, 10)).toBe(15);
    clock.ms += 3_600_000;
    expect(taken(bucket, 10)).toBe(20);
  });

  it('loses nothing of less than one token', () => {
    const clock = new SetClock();
    const bucket = new TokenBucket(clock);
    taken(bucket, 1);
    for (let step = 0; step < 9; step += 1) {
      clock.ms += 125;
      expect(taken(bucket, 1)).toBe(step === 7 ? 1 : 0);
    }
  });

  it('follows a rate that changes', () => {
    const clock = new SetClock();
    const bucket = new TokenBucket(clock);
    expect(taken(bucket, 1)).toBe(2);
    clock.ms += 1000;
    expect(taken(bucket, 50)).toBe(50);
    clock.ms += 10_000;
    expect(taken(bucket, 2)).toBe(4);
  });
});
