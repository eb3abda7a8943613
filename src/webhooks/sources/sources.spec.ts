import { createHmac, createSecretKey, randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ABOUT_AN_ISSUE, LINEAR_EVENTS } from '../../../test/webhooks/linear-events.js';
import {
  DEPLOYS_KEY,
  GITHUB_SECRET,
  issueUpdate,
  LINEAR_SECRET,
  signedByGitHub,
  signedByLinear,
  signedByStandard,
  type SentDelivery,
} from '../../../test/webhooks/senders.js';
import { Redacted } from '../../kernel/redacted.js';
import { factsOf } from '../delivery-facts.js';
import { parseBody } from '../parse-payload.js';
import type { SignedRequest, WebhookSource } from '../webhook-source.js';
import { githubSource } from './github.source.js';
import { linearSource } from './linear.source.js';
import { standardSource } from './standard.source.js';

const STANDARD_SECRET = `whsec_${DEPLOYS_KEY.toString('base64')}`;

interface Case {
  source: WebhookSource;
  secret: string;
  sent: SentDelivery;
  /** Headers whose every byte is signed, or is the signature. */
  signed: string[];
}

const CASES: Record<string, Case> = {
  linear: {
    source: linearSource,
    secret: LINEAR_SECRET,
    sent: signedByLinear(issueUpdate('MT-1')),
    signed: ['linear-signature'],
  },
  github: {
    source: githubSource,
    secret: GITHUB_SECRET,
    sent: signedByGitHub({ action: 'opened', issue: { id: 1, number: 2 } }),
    signed: ['x-hub-signature-256'],
  },
  standard: {
    source: standardSource,
    secret: STANDARD_SECRET,
    sent: signedByStandard({ type: 'deploy.wanted' }),
    signed: ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
  },
};

function requestOf({ body, headers }: SentDelivery): SignedRequest {
  return { headers, body: Buffer.from(body) };
}

function keysOf(source: WebhookSource, ...secrets: string[]) {
  return secrets.map((secret) => createSecretKey(source.keyOf(new Redacted(secret))!));
}

describe.each(Object.entries(CASES))('%s', (_name, { source, secret, sent, signed }) => {
  const request = requestOf(sent);
  const keys = keysOf(source, secret);
  const other = keysOf(source, `whsec_${randomBytes(24).toString('base64')}`);

  it('takes what is signed with its secret, or with the one before', () => {
    expect(source.verify(request, keys)).toBe('valid');
    expect(source.verify(request, [...other, ...keys])).toBe('valid');
    expect(source.verify(request, [...keys, ...other])).toBe('valid');
    expect(source.verify(request, other)).toBe('invalid');
    expect(source.verify(request, [])).toBe('invalid');
  });

  it('refuses any byte of the body that is another', () => {
    const place = fc.nat(request.body.length - 1);
    fc.assert(
      fc.property(place, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const body = Buffer.from(request.body);
        body[at] = body[at]! ^ flip;
        expect(source.verify({ ...request, body }, keys)).toBe('invalid');
      }),
    );
  });

  it('refuses a body that is cut or longer', () => {
    fc.assert(
      fc.property(fc.nat(request.body.length - 1), fc.uint8Array({ minLength: 1 }), (at, more) => {
        const cut = { ...request, body: request.body.subarray(0, at) };
        expect(source.verify(cut, keys)).toBe('invalid');
        const longer = { ...request, body: Buffer.concat([request.body, more]) };
        expect(source.verify(longer, keys)).toBe('invalid');
      }),
    );
  });

  it.each(signed)('refuses any character of %s that is another, and any that is gone', (name) => {
    const value = sent.headers[name]!;
    const visible = Array.from({ length: 94 }, (_, code) => String.fromCharCode(0x21 + code));
    for (let at = 0; at < value.length; at += 1) {
      for (const one of visible.filter((other) => other !== value[at])) {
        const changed = value.slice(0, at) + one + value.slice(at + 1);
        const headers = { ...request.headers, [name]: changed };
        if (source.verify({ ...request, headers }, keys) !== 'invalid') expect.fail(changed);
      }
      const headers = { ...request.headers, [name]: value.slice(0, at) + value.slice(at + 1) };
      expect(source.verify({ ...request, headers }, keys)).toBe('invalid');
    }
  });

  it.each(signed)('misses %s where it is not there', (name) => {
    const { [name]: _gone, ...headers } = request.headers;
    expect(source.verify({ ...request, headers }, keys)).toBe('missing');
    expect(source.verify({ ...request, headers: { ...headers, [name]: '' } }, keys)).toBe(
      'missing',
    );
  });

  it('refuses any text in the place of the signature', () => {
    const [name = ''] = signed;
    const lengths = fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 70 }));
    fc.assert(
      fc.property(lengths, (text) => {
        const headers = { ...request.headers, [name]: text };
        expect(source.verify({ ...request, headers }, keys)).not.toBe('valid');
      }),
    );
  });

  it('takes as long for every signature that is wrong', () => {
    const [name = ''] = signed;
    const right = sent.headers[name]!;
    const flipped = (at: number) =>
      `${right.slice(0, at)}${right[at] === 'A' ? 'B' : 'A'}${right.slice(at + 1)}`;
    const wrong = {
      first: flipped(source === linearSource ? 0 : right.indexOf('=', 0) === 6 ? 7 : 3),
      last: flipped(right.length - 3),
      short: right.slice(0, 10),
      nothing: 'x',
      long: `${right}${right}`,
    };
    const times = timesOf(wrong, (value) =>
      source.verify({ ...request, headers: { ...request.headers, [name]: value } }, keys),
    );
    const [least, most] = [Math.min(...times), Math.max(...times)];
    // One that stopped before the HMAC would take a tenth.
    expect(most / least, JSON.stringify(times)).toBeLessThan(1.6);
  });
});

/** The median of many calls each, turn by turn, so that what else runs slows all of them alike. */
function timesOf(values: Record<string, string>, call: (value: string) => unknown): number[] {
  const rounds = 1500;
  const names = Object.keys(values);
  const seen = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const began = process.hrtime.bigint();
      call(values[name]!);
      seen.get(name)!.push(Number(process.hrtime.bigint() - began));
    }
  }
  return names.map((name) => seen.get(name)!.sort((one, other) => one - other)[rounds / 2]!);
}

describe('what Linear sends', () => {
  it.each(Object.entries(LINEAR_EVENTS))(
    '%s is read, of the shape that the SDK says',
    (type, payload) => {
      const request = requestOf(signedByLinear(payload));
      const read = parseBody(request.body).payload;
      const identity = linearSource.identify(request, read);
      expect(identity.signedAt).toBe((payload as { webhookTimestamp: number }).webhookTimestamp);
      const facts = factsOf(linearSource.read(read, null, 'linear'));
      expect(facts).toMatchObject({ type, occurredAtMs: Date.parse('2026-11-26T10:00:00.000Z') });
      const about = ABOUT_AN_ISSUE.some((one) => one === type);
      expect(facts.issue).toBe(about ? 'ENG-42' : null);
      const stateless = type === 'OAuthApp' || type === 'PermissionChange';
      expect(facts.entity === null).toBe(stateless);
    },
  );

  it('is put in order by the later of its times: a removal changes nothing of the issue itself', () => {
    const removed = { ...issueUpdate('MT-1', 1000), createdAt: new Date(9000).toISOString() };
    expect(linearSource.read(removed, null, 'linear').occurredAtMs).toBe(9000);
  });

  it('of no workspace’s name is about no issue', () => {
    expect(
      factsOf(linearSource.read({ type: 'Issue', data: { identifier: '../up' } }, null, 'linear'))
        .issue,
    ).toBeNull();
  });
});

describe('what any sender sends', () => {
  it.each(Object.values(CASES))('is mapped or refused, whatever it is', ({ source }) => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => {
        try {
          expect(factsOf(source.read(payload, 'event', 'x')).type.length).toBeGreaterThan(0);
        } catch (error) {
          expect((error as { code: string }).code).toBe('invalid_payload');
        }
      }),
    );
  });

  it('in the standard format differs by its id', () => {
    const hash = (id: string) => {
      const request = requestOf(signedByStandard({ type: 'x' }, { id }));
      return standardSource.identify(request, {}).bodyHash;
    };
    expect(hash('a')).toBe(hash('a'));
    expect(hash('a')).not.toBe(hash('b'));
  });

  it('in the standard format may carry several signatures, of which one is enough', () => {
    const sent = signedByStandard({ type: 'x' });
    const right = sent.headers['webhook-signature']!;
    const keys = keysOf(standardSource, STANDARD_SECRET);
    const verify = (list: string) => {
      const headers = { ...sent.headers, 'webhook-signature': list };
      return standardSource.verify(requestOf({ ...sent, headers }), keys);
    };
    const wrong = `v1,${createHmac('sha256', 'other').update('x').digest('base64')}`;
    expect(verify(`${wrong} ${right}`)).toBe('valid');
    expect(verify(`v1a,abc ${right} ${wrong}`)).toBe('valid');
    expect(verify(right.replace('v1,', 'v2,'))).toBe('invalid');
    expect(verify(`${`${wrong} `.repeat(8)}${right}`)).toBe('invalid');
  });

  it('in the standard format has a secret of base64', () => {
    expect(standardSource.keyOf(new Redacted('whsec_not base64!'))).toBeNull();
    expect(standardSource.keyOf(new Redacted(STANDARD_SECRET))).toEqual(DEPLOYS_KEY);
  });
});
