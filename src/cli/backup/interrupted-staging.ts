import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import type { StagingDirectory } from './staging-directory.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Removes the unfinished parts when somebody ends the command; `kill -9` leaves them to the next one. */
export async function removingOnInterrupt<T>(
  cli: Cli,
  work: (onStaging: (staging: StagingDirectory) => void) => Promise<T>,
): Promise<T> {
  let staging: StagingDirectory | null = null;
  const interrupted = () => {
    staging?.remove();
    cli.leave(EXIT.cancelled);
  };
  for (const signal of SIGNALS) cli.signals.on(signal, interrupted);
  try {
    return await work((made) => (staging = made));
  } finally {
    for (const signal of SIGNALS) cli.signals.off(signal, interrupted);
  }
}
