import { setTimeout as sleep } from 'node:timers/promises';

import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';

const BYTES = 4_000_000;
const MOST_ANSWER_MS = 5000;
const ASK_EVERY_MS = 250;

export const longLine: Probe = {
  id: 'R7',
  title: 'Output without a line end does not stop the service',
  group: 'resources',
  async attempt(bench: Bench) {
    const { outputLimitBytes } = bench.subject;
    const shout = `head -c ${BYTES} /dev/zero | tr '\\0' x`;
    const flood = bench.run({ shape: PLAIN, script: shout });
    const slowest = await slowestAnswer(bench, flood);
    const { output, status } = await flood;
    const wanted = Math.min(BYTES, outputLimitBytes);
    const xs = output.split('x').length - 1;
    if (slowest > MOST_ANSWER_MS)
      return failed(`The service answered after ${slowest} ms meanwhile.`);
    if (status !== 'succeeded') return inconclusive(`the run ended as ${status}`);
    if (xs < wanted || (xs > wanted && BYTES > outputLimitBytes)) {
      return failed(`${xs} of ${wanted} bytes were kept.`);
    }
    return passed(
      `${xs} bytes in one line were kept; the service answered in ${slowest} ms at most.`,
    );
  },
};

async function slowestAnswer({ api }: Bench, until: Promise<unknown>): Promise<number> {
  const ended = until.then(
    () => 'ended',
    () => 'ended',
  );
  let slowest = 0;
  for (;;) {
    const start = performance.now();
    await api.get('/runtime');
    slowest = Math.max(slowest, performance.now() - start);
    if ((await Promise.race([ended, sleep(ASK_EVERY_MS)])) === 'ended') return Math.round(slowest);
  }
}
