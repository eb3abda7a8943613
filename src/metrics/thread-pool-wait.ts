import { randomFill } from 'node:crypto';
import { promisify } from 'node:util';

const fill = promisify<Uint8Array, Uint8Array>(randomFill);

/** How long one byte of randomness takes where it is made in the thread pool: the wait, in effect. */
export async function threadPoolWaitSeconds(): Promise<number> {
  const began = performance.now();
  await fill(new Uint8Array(1));
  return (performance.now() - began) / 1000;
}
