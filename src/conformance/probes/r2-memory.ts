import type { Bench } from '../bench/bench.js';
import { SMALL } from '../bench/shape.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';

/** dd fills a buffer of that size, which is more than the small sandbox may have. */
const HOG = 'dd if=/dev/zero of=/dev/null bs=400M count=1 2>/dev/null';

export const memory: Probe = {
  id: 'R2',
  title: 'Who takes too much memory is ended, and told so',
  group: 'resources',
  async attempt(bench: Bench) {
    const [whole, child, unlocked] = await Promise.all([
      bench.run({ shape: SMALL, script: `exec ${HOG}` }),
      bench.run({ shape: SMALL, script: `${HOG}; exit 0` }),
      bench.unlocked(`${HOG} && echo "hog fits"`),
    ]);
    const { gvisor } = bench.subject;
    if (whole.status === 'succeeded') return failed('400 MiB fit where far less may.');
    if (unlocked.output.trim() !== 'hog fits') {
      return inconclusive('the same program fails without the limit');
    }
    // gVisor ends the whole sandbox, never only a child.
    const wholeTold = whole.status === 'out_of_memory' || (gvisor && whole.exitCode === 137);
    const childTold = gvisor || child.reason === 'child_out_of_memory';
    if (!wholeTold || !childTold) {
      return failed(
        `The run ended as ${whole.status}, one whose child took too much as ${child.status} (${child.reason ?? 'no reason'}).`,
      );
    }
    return passed(
      `The run ended as ${whole.status}${gvisor ? '' : `, one whose child took too much as ${child.reason}`}; without the limit it fits.`,
    );
  },
};
