import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { StallWatch } from './stall-watch.js';

describe('StallWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watch(limitMs = 1000) {
    const onStall = vi.fn<() => void>();
    return { onStall, stall: new StallWatch(limitMs, onStall) };
  }

  it('tells when nothing was heard for so long, and not before it was started', () => {
    const { onStall, stall } = watch();
    stall.heard();
    vi.advanceTimersByTime(5000);
    stall.start();
    vi.advanceTimersByTime(900);
    stall.heard();
    vi.advanceTimersByTime(999);
    expect(onStall).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onStall).toHaveBeenCalledTimes(1);
  });

  it('does not count while somebody waits for us, however many do', () => {
    const { onStall, stall } = watch();
    stall.start();
    const [first, second] = [stall.hold(), stall.hold()];
    vi.advanceTimersByTime(5000);
    first();
    first();
    stall.heard();
    vi.advanceTimersByTime(5000);
    expect(onStall).not.toHaveBeenCalled();
    second();
    vi.advanceTimersByTime(999);
    expect(onStall).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onStall).toHaveBeenCalledTimes(1);
  });

  it('is silent once it is over, and where there is no limit', () => {
    const [one, other] = [watch(), watch(0)];
    one.stall.start();
    other.stall.start();
    one.stall.stop();
    one.stall.heard();
    vi.advanceTimersByTime(1_000_000);
    expect(one.onStall).not.toHaveBeenCalled();
    expect(other.onStall).not.toHaveBeenCalled();
  });
});
