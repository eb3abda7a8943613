import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { say } from '../lib/progress.mjs';
import { SetupError } from '../lib/setup-error.mjs';
import { call, read } from './api.mjs';
import { SERVICE_URL } from './settings.mjs';

const SECRET = 'QUICKSTART_SECRET';
const WAIT_SECONDS = 60;
const SCRIPT = readFileSync(new URL('./show-controls.sh', import.meta.url), 'utf8');

/**
 * Stores a secret, runs a command with it under a policy, shows its output as it comes, and checks
 * that all of it was true.
 */
export async function firstRun() {
  const secret = randomBytes(24).toString('hex');
  await call('PUT', `/api/v1/secrets/${SECRET}`, { body: { value: secret } });
  say(`stored the secret ${SECRET}; no answer will ever show its value`);

  const run = await (await call('POST', '/api/v1/runs', { body: request() })).json();
  say(`accepted as run ${run.id}; its output, live:`);
  const output = await follow(run.id);
  const ended = await read(`/api/v1/runs/${run.id}?wait=${WAIT_SECONDS}`);
  checkOutcome(ended, output, secret);
  say(
    `${ended.status}, exit code ${ended.exitCode}; the secret arrived and was masked in the output`,
  );

  const sandbox = await read(`/api/v1/runs/${run.id}/sandbox`);
  say('the controls, as the engine says (GET /api/v1/runs/:id/sandbox), and who decided each:');
  for (const { name, value, source } of sandbox.controls) {
    say(`  ${name.padEnd(24)} ${render(value)}  (${source})`);
  }
}

function request() {
  return {
    issue: 'QUICKSTART-1',
    command: ['bash', '-c', SCRIPT, 'show-controls', new URL(SERVICE_URL).port],
    secrets: [SECRET],
    timeoutSeconds: 60,
    policy: {
      turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: false },
      resources: { memory: '512m', pids: 128, tmpfs: '64m' },
    },
  };
}

/**
 * Prints the run's output while it runs.
 *
 * @param {string} id
 * @returns {Promise<string>} all of it
 */
async function follow(id) {
  const response = await call('GET', `/api/v1/runs/${id}/output?follow=true`, {
    accept: 'text/plain',
  });
  const decoder = new TextDecoder();
  let text = '';
  let rest = '';
  for await (const chunk of response.body ?? []) {
    const piece = decoder.decode(chunk, { stream: true });
    text += piece;
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) console.log(`      │ ${line}`);
  }
  if (rest !== '') console.log(`      │ ${rest}`);
  return text;
}

/**
 * @param {{id: string, status: string, exitCode: number | null, reason: string | null}} run
 * @param {string} output
 * @param {string} secret
 */
function checkOutcome(run, output, secret) {
  const where = [`curl ${SERVICE_URL}/api/v1/runs/${run.id}   tells more`];
  if (run.status !== 'succeeded') {
    throw new SetupError(
      `the first run is ${run.status}: ${run.reason ?? 'no reason given'}`,
      where,
    );
  }
  if (!output.includes(createHash('sha256').update(secret).digest('hex'))) {
    throw new SetupError('the secret did not arrive in the sandbox as it was stored', where);
  }
  if (output.includes(secret)) throw new SetupError('the secret shows in the run’s output', where);
  if (output.includes('REACHED')) {
    throw new SetupError('the sandbox reached an address that it must not reach', where);
  }
}

/** @param {unknown} value */
function render(value) {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
