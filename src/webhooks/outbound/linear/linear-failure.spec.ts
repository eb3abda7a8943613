import { expect, it } from 'vitest';

import { linearFailure } from './linear-failure.js';

const NOW = 1_795_000_000_000;

function limited(headers: Record<string, string>): number | undefined {
  const raw = { response: { headers: new Headers(headers) } };
  return linearFailure({ type: 'Ratelimited', status: 429, raw }, 'k', NOW).quietMs;
}

it.each([
  [{ 'Retry-After': '7' }, 7000],
  [{ 'Retry-After': new Date(NOW + 9000).toUTCString() }, 9000],
  [{ 'X-RateLimit-Requests-Reset': String(NOW + 5000) }, 5000],
  [{ 'X-RateLimit-Requests-Reset': String(NOW / 1000 + 5) }, 5000],
  [{ 'X-RateLimit-Requests-Reset': String(NOW - 5000) }, 0],
  [
    {
      'X-RateLimit-Requests-Reset': String(NOW + 5000),
      'X-RateLimit-Requests-Remaining': '12',
      'X-RateLimit-Complexity-Reset': String(NOW + 8000),
      'X-RateLimit-Complexity-Remaining': '0',
    },
    8000,
  ],
  [{ 'Retry-After': 'soon', 'X-RateLimit-Requests-Reset': 'later' }, 60_000],
  [{}, 60_000],
])('reads how long to wait from %j', (headers, ms) => {
  expect(limited(headers as Record<string, string>)).toBe(ms);
});

it('has no key in its text, whatever the server says, and no more than a line', () => {
  const message = `bad key s3cret\u001b[1m\n${'x'.repeat(1000)}`;
  const failure = linearFailure(
    { status: 400, type: 'InvalidInput', errors: [{ message }] },
    's3cret',
    0,
  );
  expect(failure.message).toMatch(/^bad key \*\*\* x+…$/);
  expect(failure.message.length).toBeLessThan(310);
});

it.each([
  [{ status: 400, type: 'InvalidInput' }, 'request_refused', 'give_up'],
  [{ status: 200, type: 'Forbidden' }, 'forbidden', 'give_up'],
  [{ status: 401, type: 'AuthenticationError' }, 'key_refused', 'retry'],
  [{ status: 503, type: 'NetworkError' }, 'server_error', 'retry'],
  [{ status: 500, type: 'InvalidInput' }, 'server_error', 'retry'],
  [{ status: 200, type: 'Unknown' }, 'unknown_error', 'retry'],
  [{ raw: { name: 'TimeoutError' } }, 'no_answer_in_time', 'retry'],
  [{ raw: { name: 'TypeError', cause: { code: 'ECONNREFUSED' } } }, 'unreachable', 'retry'],
])('makes of %j: %s', (error, reason, consequence) => {
  expect(linearFailure(error, 'k', 0)).toMatchObject({ reason, consequence });
});
