import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { failed, inconclusive, notApplicable, passed } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import type { Probe } from '../probe.js';

const SCRIPT = 'echo "profile $(cat /proc/self/attr/current 2>/dev/null | tr -d "\\\\0")"';

export const appArmor: Probe = {
  id: 'P5',
  title: 'Confined by AppArmor, where the host has it',
  group: 'privilege',
  async attempt(bench: Bench) {
    if (bench.subject.gvisor) return notApplicable('gVisor shows no profile inside');
    const [inside, unlocked] = await Promise.all([
      bench.inside(PLAIN, SCRIPT),
      bench.unlocked(SCRIPT),
    ]);
    if (!(await (await bench.engine()).hasAppArmor())) {
      return notApplicable('the engine says that this host has no AppArmor');
    }
    const { profile = '' } = findingsOf(inside);
    if (profile === '' || profile.includes('unconfined')) {
      return failed(`The profile is “${profile}”.`);
    }
    if (!findingsOf(unlocked).profile?.includes('unconfined')) {
      return inconclusive('a container without a profile does not say unconfined');
    }
    return passed(`The profile is ${profile}, and unconfined in a container without one.`);
  },
};
