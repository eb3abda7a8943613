import { describe, expect, it } from 'vitest';

import { credentialRoutesSchema, isSecretRoute } from '../../config/credential-routes-schema.js';
import { Redacted } from '../../kernel/redacted.js';
import { routeCredential } from './route-credential.js';

function made(value: string, valueTemplate = 'Bearer {{ secret }}') {
  const [route] = credentialRoutesSchema.parse([
    { name: 'a', upstream: 'https://a.test', header: 'X-Key', secret: 'KEY', valueTemplate },
  ]);
  if (route === undefined || !isSecretRoute(route)) throw new Error('no route');
  return routeCredential(route, new Redacted(value));
}

function credentialOf(value: string, valueTemplate?: string) {
  const state = made(value, valueTemplate);
  if ('problem' in state) throw new Error(state.problem);
  const [header] = state.headers;
  return { ...state, name: header?.name, value: header?.value.reveal() };
}

describe('what a route adds', () => {
  it('is its header with the secret in its template, and shows nowhere by itself', () => {
    const { name, value } = credentialOf('sk-1', 'token {{ secret }}.');
    expect([name, value]).toEqual(['X-Key', 'token sk-1.']);
    const state = made('sk-canary');
    expect(JSON.stringify({ ...state, forms: [] })).not.toContain('canary');
  });

  it('has a stamp that is another for another secret or template, and tells neither', () => {
    const { stamp } = credentialOf('sk-1');
    expect(credentialOf('sk-1').stamp).toBe(stamp);
    expect(credentialOf('sk-2').stamp).not.toBe(stamp);
    expect(credentialOf('sk-1', '{{ secret }}').stamp).not.toBe(stamp);
    expect(stamp).not.toContain('sk-1');
  });

  it('is known again in the usual encodings', () => {
    const forms = credentialOf('sk/ä+1').forms.map(String);
    const bytes = Buffer.from('sk/ä+1');
    expect(forms).toEqual(
      expect.arrayContaining([
        'sk/ä+1',
        'sk%2F%C3%A4%2B1',
        bytes.toString('hex'),
        bytes.toString('base64'),
        bytes.toString('base64url'),
      ]),
    );
  });

  it('is known again by the password in a pair that the secret is the base64 of', () => {
    const pair = Buffer.from('me:the-password').toString('base64');
    const forms = (template: string) => credentialOf(pair, template).forms.map(String);
    expect(forms('Basic {{ secret }}')).toEqual(
      expect.arrayContaining([pair, 'me:the-password', 'the-password']),
    );
    expect(forms('Bearer {{ secret }}')).not.toContain('the-password');
  });

  it.each(['sk-1\n', 'sk\r\nHost: evil.test', ' sk', 'sk\0', 'sk-€'])(
    'cannot be %j, which no header carries',
    (value) => {
      expect(made(value)).toEqual({ problem: expect.stringMatching(/KEY holds what no header/) });
    },
  );
});
