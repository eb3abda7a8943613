import { setTimeout as sleep } from 'node:timers/promises';

import type { RunningService } from '../support/service.js';
import { eventsOf, followEvents, linesOf, type OutputLine } from '../runs/run-output.js';

const RETRY_MS = 100;

/** A client that follows a run from its first line to its last, whatever becomes of its connection. */
export async function followed(service: RunningService, id: string): Promise<OutputLine[]> {
  const lines: OutputLine[] = [];
  for (;;) {
    try {
      const response = await followEvents(service, id, lines.at(-1)?.seq ?? 0);
      for await (const event of eventsOf(response)) {
        if (event.event === 'output') lines.push(...linesOf([event]));
        if (event.event === 'end') return lines;
      }
    } catch {
      // The service is away, or was killed in the middle of an event.
    }
    await sleep(RETRY_MS);
  }
}
