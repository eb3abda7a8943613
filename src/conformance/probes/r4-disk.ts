import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';

const MiB = 1024 * 1024;
const FILL = 'head -c 8388608 /dev/zero > /home/agent/fill && echo filled';

export const disk: Probe = {
  id: 'R4',
  title: 'Who fills the disk is ended',
  group: 'resources',
  async attempt(bench: Bench) {
    const shape = { resources: { workspace: MiB } };
    const [small, usual] = await Promise.all([
      bench.run({ shape, script: `${FILL}; sleep 60`, timeoutSeconds: 60 }),
      bench.run({ shape: PLAIN, script: FILL }),
    ]);
    const ended = small.reason === 'disk_limit' || !small.output.includes('filled');
    if (!ended) return failed(`8 MiB stood where 1 MiB may; the run ended as ${small.status}.`);
    if (!usual.output.includes('filled'))
      return inconclusive('the same fails under the usual limit');
    return passed('8 MiB end a run that may have 1 (disk_limit), and not one that may have more.');
  },
};
