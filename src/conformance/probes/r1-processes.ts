import type { Bench } from '../bench/bench.js';
import { SMALL } from '../bench/shape.js';
import { failed, inconclusive, notApplicable, passed } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import type { Probe } from '../probe.js';

const WANTED = 150;
const LIMIT = SMALL.resources?.pids ?? 0;
/** A shell that can fork no more ends; its children do by themselves. */
const FLOOD = `sh -c 'n=0; while [ $n -lt ${WANTED} ]; do sleep 1 & n=$((n + 1)); echo "forked $n"; done' 2>/dev/null; true`;

export const processes: Probe = {
  id: 'R1',
  title: 'A flood of processes ends at the limit',
  group: 'resources',
  async attempt(bench: Bench) {
    if (bench.subject.gvisor) {
      return notApplicable('gVisor does not bound processes inside; its memory limit does');
    }
    const [flood, unlocked] = await Promise.all([
      bench.run({ shape: SMALL, script: FLOOD }),
      bench.unlocked(FLOOD),
    ]);
    const forked = Number(findingsOf({ output: flood.output, exitCode: 0 }).forked ?? 0);
    if (forked > LIMIT) return failed(`${forked} processes ran where ${LIMIT} may.`);
    if (forked === 0) return inconclusive('no process could be started at all');
    if (Number(findingsOf(unlocked).forked) !== WANTED) {
      return inconclusive('the same flood ends early without the limit');
    }
    // The service answered it, and every other run of the suite, meanwhile.
    return passed(
      `${forked} of ${WANTED} could be started where ${LIMIT} may run; without the limit all.`,
    );
  },
};
