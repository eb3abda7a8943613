import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { secretRun } from '../shared/secret-run.js';

export const secretsInEnvironments: Probe = {
  id: 'S1',
  title: 'No environment holds a secret that the run did not name',
  group: 'secrets',
  async attempt(bench: Bench) {
    const { found } = await secretRun(bench);
    const { 'environments-a': named, 'environments-b': other } = found;
    if (other === undefined) return inconclusive('the sandbox said nothing');
    if (other !== '0') return failed(`${other} processes hold a secret that the run did not name.`);
    if (!(Number(named) > 0)) return inconclusive('nor is the secret found that it did name');
    return passed(`None of its processes do; ${named} hold the one that it named.`);
  },
};
