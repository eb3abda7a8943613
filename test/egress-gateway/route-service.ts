import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'vitest';

import type { RunningService, ServiceOptions } from '../support/service.js';
import { world } from '../support/world.js';
import { startFiltered, type Runtime } from './sandboxes.js';

const route = (name: string, host: string, more: object = {}) => ({
  name,
  upstream: `https://${host}`,
  header: 'Authorization',
  secret: 'ROUTE_KEY',
  ...more,
});

/** What the operator has set up; Node takes the world’s certificate for names below `wild.test`. */
export const ROUTES = [
  route('model', 'model.wild.test'),
  route('listed', 'listed.wild.test', { methods: ['GET'], paths: ['/headers', '/bytes/*'] }),
  route('seldom', 'seldom.wild.test', { rateLimit: { requestsPerMinute: 2 } }),
  route('keyed', 'keyed.wild.test', { header: 'X-Api-Key', valueTemplate: '{{ secret }}' }),
  route('untrusted', 'untrusted.test'),
  route('private', '10-0-0-1.ip.test'),
];

/** A service with credential routes to the world’s internet, which it trusts by its certificate. */
export async function startRouted(
  runtime: Runtime,
  secret: string,
  options: ServiceOptions = {},
): Promise<RunningService> {
  const service = await startFiltered({
    runtime,
    sandbox: { credentialRoutes: ROUTES },
    options: { ...options, env: { ...trustingTheWorld(), ...options.env } },
  });
  await setSecret(service, secret);
  return service;
}

function trustingTheWorld(): Record<string, string> {
  const certificate = join(world.state.directory, 'certificate.pem');
  readFileSync(certificate);
  return { NODE_EXTRA_CA_CERTS: certificate };
}

export async function setSecret(service: RunningService, value: string): Promise<void> {
  const answer = await service.api('PUT', '/api/v1/secrets/ROUTE_KEY', { body: { value } });
  expect(answer.status, answer.text).toBe(204);
}

/** Milliseconds from the call to the end of what it waits for. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
