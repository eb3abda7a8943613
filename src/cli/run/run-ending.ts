import { EXIT } from '../exit-codes.js';
import type { RunView } from './run-view.js';

/** What a shell says of a process that was killed, for a run that knows no better. */
const KILLED = 137;

/** The exit code that a finished run means. Pure. */
export function exitCodeOf({ status, reason, exitCode }: RunView): number {
  switch (status) {
    case 'succeeded':
      return EXIT.ok;
    case 'failed':
      return reason === 'exit_code' && exitCode !== null ? exitCode : EXIT.runFailed;
    case 'out_of_memory':
      return exitCode ?? KILLED;
    case 'timed_out':
      return EXIT.timedOut;
    case 'cancelled':
      return EXIT.cancelled;
    default:
      return EXIT.runFailed;
  }
}

/** The line that closes a run for a person, or `null` where all went as it should. Pure. */
export function closingLine(run: RunView): string | null {
  const { id, status, reason, message, exitCode } = run;
  if (status === 'succeeded' && reason === null && message === null) return null;
  const words = status.replaceAll('_', ' ');
  const code = status === 'failed' && reason === 'exit_code' ? ` with exit code ${exitCode}` : '';
  const because = [reason !== 'exit_code' && reason !== status ? reason : null, message]
    .filter((part) => part !== null)
    .join(': ');
  return `run ${id} ${words}${code}${because === '' ? '' : ` (${because})`}`;
}
