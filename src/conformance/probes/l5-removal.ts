import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { stubbornRun } from '../shared/stubborn-run.js';

export const removal: Probe = {
  id: 'L5',
  title: 'The container is removed after the run',
  group: 'lifecycle',
  async attempt(bench: Bench) {
    const { containers } = await stubbornRun(bench);
    if (containers === null) {
      await bench.engine();
      return inconclusive('the engine could not be asked');
    }
    const { before, after } = containers;
    if (after > 0) return failed(`${after} containers of an ended run are left.`);
    if (before !== 1) return inconclusive(`the run had ${before} containers while it lived`);
    return passed('One while the run lived, none after its end.');
  },
};
