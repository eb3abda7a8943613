import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { secretRun } from '../shared/secret-run.js';

export const secretsInCommandLines: Probe = {
  id: 'S2',
  title: 'No command line holds a secret',
  group: 'secrets',
  async attempt(bench: Bench) {
    const { found } = await secretRun(bench);
    const { 'commands-a': named, 'commands-b': other, 'planted-a': planted } = found;
    if (named === undefined || other === undefined) return inconclusive('the sandbox said nothing');
    if (named !== '0' || other !== '0')
      return failed('A command line in the sandbox holds a secret.');
    if (!(Number(planted) > 0)) return inconclusive('nor is one found that was put there');
    return passed('None does, not even of the one that it named; one that is put there is found.');
  },
};
