import type { Bench } from '../bench/bench.js';
import { NETWORK } from '../bench/shape.js';
import { failed, inconclusive, notApplicable, passed, warned } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { reachScript, readReach } from '../inside/reach-script.js';
import type { Probe } from '../probe.js';
import {
  connectTo,
  get,
  statusOf,
  throughGateway,
  withoutGateway,
} from '../shared/gateway-probe.js';

interface Decision {
  readonly host: string;
  readonly allowed: boolean;
}

export const unlisted: Probe = {
  id: 'N2',
  title: 'Another host is refused with a reason, and written down',
  group: 'network',
  network: true,
  async attempt(bench: Bench) {
    const { subject, nonce, api } = bench;
    if (subject.filtered && subject.observed) {
      return warned(
        'egressMode is observe: every host is let through.',
        'set codex.sandbox.egressMode to enforce',
      );
    }
    const reason = withoutGateway(subject);
    if (reason !== null || subject.listed === null)
      return notApplicable(reason ?? 'no listed host');
    const other = `${nonce}.example.com`;
    const own = `${subject.listed.host}:${subject.listed.port}`;
    const tries = [
      throughGateway('tunnel', [connectTo(`${other}:443`)]),
      throughGateway('plain', [get(`http://${other}/`, `Host: ${other}`)]),
      throughGateway('listed', [connectTo(own)]),
    ];
    const run = await bench.run({ shape: NETWORK, script: reachScript(tries) });
    const found = findingsOf({ output: run.output, exitCode: run.exitCode });
    if (found.missing !== undefined) return notApplicable(`the image has not ${found.missing}`);
    const reached = readReach(found);
    const answers = ['tunnel', 'plain'].map((name) => reached.get(name)?.answer ?? '');
    if (answers.some((answer) => statusOf(answer) !== 403)) {
      return failed(`It was answered with ${answers.map(statusOf).join(' and ')}, not 403.`);
    }
    if (!answers.every((answer) => answer.includes('egressAllowlist'))) {
      return failed('The refusal does not say what would allow it.');
    }
    const { items } = await api.get<{ items: Decision[] }>(`/runs/${run.id}/egress`, {
      query: { limit: 50 },
    });
    if (!items.some(({ host, allowed }) => host === other && !allowed)) {
      return failed('The refusal is not among the run’s decisions.');
    }
    const allowed = statusOf(reached.get('listed')?.answer ?? '') === 200;
    if (!allowed) return inconclusive(`the listed host ${own} is refused as well`);
    return passed(
      `403 names the rule and what would allow it, and it is written down; ${own} is let through.`,
    );
  },
};
