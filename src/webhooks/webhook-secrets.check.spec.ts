import { randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { judgeWebhookSecrets, type SourceFacts } from './webhook-secrets.check.js';

const STRONG = randomBytes(32);

function facts(more: Partial<SourceFacts> = {}): SourceFacts {
  return { id: 'linear', keys: [STRONG], missing: [], locked: false, ...more };
}

describe('secrets of webhook senders', () => {
  it.each<[string, SourceFacts[], string, RegExp]>([
    ['none at all', [], 'pass', /every delivery is refused/],
    ['a strong one', [facts()], 'pass', /linear/],
    [
      'a short one',
      [facts(), facts({ id: 'github', keys: [Buffer.from('x7Kq2')] })],
      'fail',
      /github/,
    ],
    ['a word', [facts({ keys: [Buffer.from('correcthorsebatterystaple')] })], 'fail', /word/],
    ['words', [facts({ keys: [Buffer.from('my-webhook-secret-for-linear')] })], 'fail', /word/],
    ['one letter', [facts({ keys: [Buffer.alloc(64, 'a1')] })], 'fail', /word/],
    [
      'a weak one beside a strong one',
      [facts({ keys: [STRONG, Buffer.from('1')] })],
      'fail',
      /linear/,
    ],
    ['one that is no key', [facts({ keys: [null] })], 'warn', /whsec_/],
    ['one that is not there', [facts({ keys: [], missing: ['GONE'] })], 'warn', /GONE/],
    ['one that is locked', [facts({ keys: [], locked: true })], 'warn', /master key/],
  ])('%s', (_what, sources, status, detail) => {
    const finding = judgeWebhookSecrets(sources);
    expect(finding.status).toBe(status);
    expect(finding.detail).toMatch(detail);
    if (status !== 'pass' && !sources.some(({ locked }) => locked)) {
      expect(finding.remedy).toMatch(/\S/);
    }
  });
});
