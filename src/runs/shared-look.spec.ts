import { describe, expect, it } from 'vitest';

import { SharedLook } from './shared-look.js';

function counted(): { looks: string[]; shared: SharedLook<number> } {
  const looks: string[] = [];
  const shared = new SharedLook((key: string) => Promise.resolve(looks.push(key)));
  return { looks, shared };
}

describe('SharedLook', () => {
  it('looks once for all who ask together, and for each thing', async () => {
    const { looks, shared } = counted();
    expect(await Promise.all(['a', 'a', 'b', 'a'].map((key) => shared.at(key)))).toEqual([
      1, 1, 2, 1,
    ]);
    expect(looks).toEqual(['a', 'b']);
  });

  it('looks again for who asks after a look has begun', async () => {
    const began: (() => void)[] = [];
    const shared = new SharedLook(() => new Promise<number>((end) => began.push(() => end(1))));
    const first = shared.at('a');
    await expect.poll(() => began.length).toBe(1);
    const second = shared.at('a');
    await expect.poll(() => began.length).toBe(2);
    for (const end of began) end();
    expect(await Promise.all([first, second])).toEqual([1, 1]);
  });

  it('fails for those who asked, and not for the next', async () => {
    let failing = true;
    const shared = new SharedLook(() =>
      failing ? Promise.reject(new Error('away')) : Promise.resolve(1),
    );
    const both = await Promise.allSettled([shared.at('a'), shared.at('a')]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    failing = false;
    expect(await shared.at('a')).toBe(1);
  });
});
