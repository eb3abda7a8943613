import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decideAccess, type AccessFacts, type Presented } from './access-decision.js';

const presented = fc.constantFrom<Presented>('none', 'valid', 'invalid');

const anyFacts: fc.Arbitrary<AccessFacts> = fc.record({
  access: fc.constantFrom(undefined, 'public', 'read', 'write', 'signed'),
  method: fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'),
  local: fc.boolean(),
  fromSandbox: fc.boolean(),
  writeTokenSet: fc.boolean(),
  readTokenSet: fc.boolean(),
  writeToken: presented,
  readToken: presented,
});

const WRITE: AccessFacts = {
  access: 'write',
  method: 'POST',
  local: true,
  fromSandbox: false,
  writeTokenSet: false,
  readTokenSet: false,
  writeToken: 'none',
  readToken: 'none',
};
const READ: AccessFacts = { ...WRITE, access: 'read', method: 'GET', readTokenSet: true };

const outcome = (facts: AccessFacts) => {
  const decision = decideAccess(facts);
  return decision.allowed ? decision.actor : decision.code;
};
const isSafe = (method: string) => ['GET', 'HEAD', 'OPTIONS'].includes(method);

describe('the write guard, row by row', () => {
  it.each<[string, Partial<AccessFacts>, string]>([
    ['no token set, from this machine', {}, 'loopback'],
    ['no token set, from elsewhere', { local: false }, 'write_forbidden'],
    [
      'token set, valid, from elsewhere',
      { writeTokenSet: true, writeToken: 'valid', local: false },
      'write-token',
    ],
    [
      'token set, valid, from this machine',
      { writeTokenSet: true, writeToken: 'valid' },
      'write-token',
    ],
    ['token set, missing, from this machine', { writeTokenSet: true }, 'write_unauthorized'],
    [
      'token set, invalid, from this machine',
      { writeTokenSet: true, writeToken: 'invalid' },
      'write_unauthorized',
    ],
    [
      'token set, only the read token shown',
      { writeTokenSet: true, readTokenSet: true, readToken: 'valid' },
      'write_unauthorized',
    ],
    [
      'valid token from a sandbox',
      { writeTokenSet: true, writeToken: 'valid', fromSandbox: true },
      'sandbox_forbidden',
    ],
    ['signed, from a sandbox', { access: 'signed', fromSandbox: true }, 'sandbox_forbidden'],
    ['signed, from elsewhere', { access: 'signed', local: false }, 'loopback'],
    ['nothing declared', { access: undefined }, 'access_undeclared'],
    ['a read that is called with POST', { access: 'read', local: false }, 'write_forbidden'],
    [
      'a public route that is called with POST',
      { access: 'public', local: false },
      'write_forbidden',
    ],
  ])('%s', (_row, facts, expected) => {
    expect(outcome({ ...WRITE, ...facts })).toBe(expected);
  });
});

describe('the read token, row by row', () => {
  it.each<[string, Partial<AccessFacts>, string]>([
    ['not set, from elsewhere', { readTokenSet: false, local: false }, 'loopback'],
    ['set, from this machine', {}, 'loopback'],
    ['set, missing, from elsewhere', { local: false }, 'read_unauthorized'],
    ['set, invalid, from elsewhere', { local: false, readToken: 'invalid' }, 'read_unauthorized'],
    ['set, valid, from elsewhere', { local: false, readToken: 'valid' }, 'loopback'],
    [
      'set, the write token shown',
      { local: false, writeTokenSet: true, writeToken: 'valid' },
      'write-token',
    ],
    ['set, a public route', { local: false, access: 'public' }, 'loopback'],
  ])('%s', (_row, facts, expected) => {
    expect(outcome({ ...READ, ...facts })).toBe(expected);
  });
});

describe('decideAccess', () => {
  it('lets no write through without a valid write token, or this machine where none is set', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const writes =
          facts.access !== 'signed' && (facts.access === 'write' || !isSafe(facts.method));
        if (!writes || !decideAccess(facts).allowed) return;
        expect(facts.access).toBeDefined();
        expect(facts.writeTokenSet ? facts.writeToken : facts.local).toBe(
          facts.writeTokenSet ? 'valid' : true,
        );
      }),
      { numRuns: 5000 },
    );
  });

  it('lets nothing from a sandbox change anything, whatever it carries', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        if (isSafe(facts.method)) return;
        expect(decideAccess({ ...facts, fromSandbox: true }).allowed).toBe(false);
      }),
    );
  });

  it('denies whatever declares nothing', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        expect(outcome({ ...facts, access: undefined })).toBe('access_undeclared');
      }),
    );
  });

  it('names the write token as actor only where one is set and was shown', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const named = outcome(facts) === 'write-token';
        if (named) expect([facts.writeTokenSet, facts.writeToken]).toEqual([true, 'valid']);
      }),
    );
  });

  it('never grows more generous when a request shows less', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const poorer = { ...facts, local: false, writeToken: 'none', readToken: 'none' } as const;
        if (decideAccess(poorer).allowed) expect(decideAccess(facts).allowed).toBe(true);
      }),
    );
  });
});
