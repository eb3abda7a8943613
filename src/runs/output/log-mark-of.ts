import type { LogMark } from '../../sandbox/log-resumption.js';
import type { StoredRecord } from './output-record.js';

/** Where the reading of the engine's log that this record is of stood; `null`: nothing is stored. */
export function logMarkOf(last: StoredRecord | null): LogMark | null {
  if (last === null) return null;
  const { mark, until } = last;
  if (mark === undefined) {
    // Of an earlier version of the service, which kept milliseconds.
    const ns = (BigInt(until) + 1n) * 1_000_000n - 1n;
    return { stream: 'stdout', ns, unsettled: { stdout: 0, stderr: 0 }, vague: true };
  }
  const [stdout, stderr] = mark.unsettled;
  return { stream: mark.stream, ns: BigInt(mark.ns), unsettled: { stdout, stderr } };
}
