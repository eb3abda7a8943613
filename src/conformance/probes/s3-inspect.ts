import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { holds, secretRun } from '../shared/secret-run.js';

export const secretsInInspect: Probe = {
  id: 'S3',
  title: 'docker inspect shows no secret',
  group: 'secrets',
  async attempt(bench: Bench) {
    const { id, named, other, containers } = await secretRun(bench);
    if (containers === null) await bench.engine();
    const text = JSON.stringify(containers);
    if (holds(text, named) || holds(text, other))
      return failed('The engine’s description holds a secret.');
    if (!text.includes(id)) return inconclusive('the container was not found while the run lived');
    return passed('It holds neither secret, in clear, base64 or hex; the run’s id is found in it.');
  },
};
