import type { ServiceClient } from '../service-client.js';
import { unreachable } from '../service/service-error.js';
import type { OutputRecord } from './output-events.js';
import type { OutputSink } from './output-sink.js';
import { ReceivedLines } from './received-lines.js';
import { runPath } from './run-view.js';

/** What a run has printed until now. */
export async function copyStoredOutput(
  client: ServiceClient,
  runId: string,
  sink: OutputSink,
): Promise<void> {
  const response = await client.stream(`${runPath(runId)}/output`, {
    headers: { accept: 'application/x-ndjson' },
  });
  const lines = new ReceivedLines();
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const records = lines.read(chunk).filter((line) => line !== '');
      for (const record of records) await sink.write(JSON.parse(record) as OutputRecord);
    }
    if (lines.rest() !== '') throw new Error('the answer was cut');
  } catch (error) {
    // A line that is no record is one that was cut, or not the service's.
    throw unreachable(client.url, error);
  }
  if (!response.complete) throw unreachable(client.url, new Error('the answer was cut'));
}
