// Asks for /healthz from a thread of its own, many times a second and each time over a new
// connection, so that neither the test's own work nor an old connection colours what it sees. In turn
// with it, it asks a server in a process of its own that does nothing else: what that one takes is
// the machine's.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

const EVERY_MS = 25;
const GIVE_UP_MS = 30_000;

const control = fork(fileURLToPath(new URL('control-server.mjs', import.meta.url)));
const [controlPort] = await once(control, 'message');
process.on('exit', () => control.kill());

let seen = { worstMs: 0, controlMs: 0, answers: 0, failures: [] };

function timed(url) {
  return new Promise((resolve) => {
    const began = performance.now();
    const done = (failure) => resolve({ failure, ms: Math.round(performance.now() - began) });
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
  const { failure, ms } = await timed(`${workerData.url}/healthz`);
  seen.worstMs = Math.max(seen.worstMs, ms);
  if (failure === null) seen.answers += 1;
  else seen.failures.push(failure);
  const idle = await timed(`http://127.0.0.1:${controlPort}/`);
  seen.controlMs = Math.max(seen.controlMs, idle.ms);
  setTimeout(() => void ask(), EVERY_MS);
}

parentPort.on('message', (word) => {
  if (word === 'stop') return control.kill();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has none.
  parentPort.postMessage(seen);
  seen = { worstMs: 0, controlMs: 0, answers: 0, failures: [] };
});
await ask();
