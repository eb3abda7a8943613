import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { stubbornRun } from '../shared/stubborn-run.js';

/** The ten seconds that a cancelled command has, and what an engine may take. */
const MOST_MS = 20_000;

export const stubborn: Probe = {
  id: 'L1',
  title: 'A command that ignores SIGTERM is ended in time',
  group: 'lifecycle',
  async attempt(bench: Bench) {
    const { ended, output, endMs } = await stubbornRun(bench);
    const seconds = (endMs / 1000).toFixed(1);
    if (ended.status !== 'cancelled' || endMs > MOST_MS) {
      return failed(`It was ${ended.status} ${seconds} s after its cancellation.`);
    }
    if (!output.includes('survived')) return inconclusive('the command did not ignore SIGTERM');
    return passed(
      `It was gone ${seconds} s after its cancellation, though SIGTERM did nothing to it.`,
    );
  },
};
