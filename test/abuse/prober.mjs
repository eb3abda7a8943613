// Asks for /healthz from a thread of its own, many times a second and each time over a new
// connection, so that neither the test's own work nor an old connection colours what it sees. Where
// other programs keep the machine busy, an answer also takes as long as the service, or this thread,
// stood in the kernel's line for a processor. The kernel counts that, and it is nobody's fault here.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

const EVERY_MS = 25;
const GIVE_UP_MS = 60_000;
const NOTHING_SEEN = { worstMs: 0, ownMs: 0, answers: 0, failures: [] };

let seen = structuredClone(NOTHING_SEEN);
let reportDue = false;

/** How long these two have stood in line so far; nothing where the kernel does not count. */
function waitedMs() {
  const { pid } = workerData;
  return [`/proc/${pid}/task/${pid}/schedstat`, '/proc/thread-self/schedstat']
    .map((path) => Number(readFileSync(path, 'utf8').split(' ')[1]) / 1e6)
    .reduce((sum, ms) => sum + ms);
}

function timed(url) {
  return new Promise((resolve) => {
    const [began, waitedBefore] = [performance.now(), waitedMs()];
    const done = (failure) => {
      const ms = performance.now() - began;
      resolve({ failure, ms, ownMs: ms - (waitedMs() - waitedBefore) });
    };
    const asked = request(url, { agent: false, timeout: GIVE_UP_MS });
    asked.on('response', (response) => {
      const failure = response.statusCode === 200 ? null : `status ${response.statusCode}`;
      response.resume().on('end', () => done(failure));
    });
    asked.on('timeout', () => asked.destroy(new Error(`nothing in ${GIVE_UP_MS} ms`)));
    asked.on('error', (error) => done(error.message));
    asked.end();
  });
}

async function ask() {
  const { failure, ms, ownMs } = await timed(`${workerData.url}/healthz`);
  seen.worstMs = Math.max(seen.worstMs, Math.round(ms));
  seen.ownMs = Math.max(seen.ownMs, Math.round(ownMs));
  if (failure === null) seen.answers += 1;
  else seen.failures.push(failure);
  if (reportDue) report();
  setTimeout(() => void ask(), EVERY_MS);
}

function report() {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has none.
  parentPort.postMessage(seen);
  seen = structuredClone(NOTHING_SEEN);
  reportDue = false;
}

// After one more answer, so that there is always one to tell of.
parentPort.on('message', () => {
  reportDue = true;
});
await ask();
