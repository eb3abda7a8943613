import { describe, expect, it } from 'vitest';

import type { Clock } from '../kernel/clock.js';
import type { WorkspaceHost } from './workspace-host.js';
import type { WorkspaceShelf } from './workspace-shelf.js';
import { WorkspaceSizes } from './workspace-sizes.js';

const PATIENCE_MS = 5000;

/** Sizes over a helper that answers what `measured` gives, and counts how often it was asked. */
function sizesOf(measured: () => Promise<number> | number) {
  const state = { now: 1_000_000, asked: 0 };
  const shelf = { directoriesOf: (issue: string) => Promise.resolve([`/w/${issue}`]) };
  const measure = async (groups: ReadonlyMap<string, unknown>) => {
    state.asked += 1;
    const bytes = await measured();
    return new Map([...groups.keys()].map((issue) => [issue, bytes]));
  };
  const sizes = new WorkspaceSizes(
    shelf as unknown as WorkspaceShelf,
    { tools: { measure } } as unknown as WorkspaceHost,
    { now: () => state.now } as Clock,
  );
  return { sizes, state };
}

describe('WorkspaceSizes', () => {
  it('measures again what is older than a minute, and nothing before', async () => {
    const { sizes, state } = sizesOf(() => 7);
    await sizes.refresh(['A'], PATIENCE_MS);
    state.now += 59_000;
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(state.asked).toBe(1);
    state.now += 2000;
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(state.asked).toBe(2);
  });

  it('measures at once what a run has changed since, and once only', async () => {
    let bytes = 7;
    const { sizes, state } = sizesOf(() => bytes);
    sizes.record('A', 3);
    sizes.outdate('A');
    expect(sizes.get('A')?.bytes).toBe(3);
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(sizes.get('A')?.bytes).toBe(7);
    bytes = 8;
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(state.asked).toBe(1);
  });

  it('measures once more what changed while it was measured', async () => {
    let during = (): void => undefined;
    const { sizes, state } = sizesOf(() => {
      during();
      return 7;
    });
    during = () => sizes.outdate('A');
    await sizes.refresh(['A'], PATIENCE_MS);
    during = () => undefined;
    await sizes.refresh(['A'], PATIENCE_MS);
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(state.asked).toBe(2);
  });

  it('stays outdated when the helper fails', async () => {
    let failing = true;
    const { sizes } = sizesOf(() => (failing ? Promise.reject(new Error('no engine')) : 7));
    sizes.record('A', 3);
    sizes.outdate('A');
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(sizes.get('A')?.bytes).toBe(3);
    failing = false;
    await sizes.refresh(['A'], PATIENCE_MS);
    expect(sizes.get('A')?.bytes).toBe(7);
  });
});
