import { text } from 'node:stream/consumers';

import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { holds, secretRun } from '../shared/secret-run.js';

/** What a client can see; the service’s own log and files are not tried from here. */
export const secretsInAnswers: Probe = {
  id: 'S4',
  title: 'No answer of the API holds a secret, output included',
  group: 'secrets',
  async attempt(bench: Bench) {
    const { api } = bench;
    const { id, named, other, output } = await secretRun(bench);
    const events = await api.stream(`/runs/${id}/output`, {
      headers: { accept: 'text/event-stream' },
    });
    const seen: Record<string, string> = {
      'the output': output,
      'the live output': await text(events),
      'the run': JSON.stringify(await api.get(`/runs/${id}`)),
      'its sandbox': JSON.stringify(await api.get(`/runs/${id}/sandbox`)),
      'the secrets': JSON.stringify(await api.get('/secrets')),
      'the audit trail': JSON.stringify(await api.get('/audit', { query: { limit: 200 } })),
      'the settings': JSON.stringify(await api.get('/config')),
      'a refusal': await refusal(bench, named),
    };
    const leaks = Object.entries(seen)
      .filter(([, body]) => holds(body, named) || holds(body, other))
      .map(([where]) => where);
    if (leaks.length > 0) return failed(`${leaks.join(', ')}: a secret is there.`);
    if (!/^raw \*\*\*$/m.test(output)) return inconclusive('the run did not print its secret');
    const marker = `plain-${bench.nonce}`;
    if (!seen['the output']?.includes(marker) || !seen['the live output']?.includes(marker)) {
      return inconclusive('what the run printed beside the secret is not there either');
    }
    return passed(
      `${Object.keys(seen).join(', ')} hold none, raw, split, in base64 or hex, though the run printed it so; what it printed beside it is there.`,
    );
  },
};

/** A request that is refused, with a secret where nobody expects one. */
async function refusal({ api }: Bench, value: string): Promise<string> {
  try {
    await api.request('POST', '/runs', { body: { issue: `-${value}`, command: [] } });
  } catch (error) {
    const { message, details } = error as { message: string; details?: unknown };
    return `${message} ${JSON.stringify(details)}`;
  }
  return 'it was not refused';
}
