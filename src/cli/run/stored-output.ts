import { createInterface } from 'node:readline';

import type { ServiceClient } from '../service-client.js';
import { unreachable } from '../service/service-error.js';
import type { OutputRecord } from './output-events.js';
import type { OutputSink } from './output-sink.js';

/** What a run has printed until now. */
export async function copyStoredOutput(
  client: ServiceClient,
  runId: string,
  sink: OutputSink,
): Promise<void> {
  const response = await client.stream(`/runs/${encodeURIComponent(runId)}/output`, {
    headers: { accept: 'application/x-ndjson' },
  });
  let failure: Error | null = null;
  response.on('error', (error) => (failure = error));
  for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
    if (line !== '') await sink.write(JSON.parse(line) as OutputRecord);
  }
  if (!response.complete) throw unreachable(client.url, failure ?? new Error('the answer was cut'));
}
