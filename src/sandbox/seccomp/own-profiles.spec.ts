import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decisionOf } from '../../../test/support/seccomp-decision.js';
import { DENIED_GROUPS, NARROWED_CALLS } from './denied-calls.js';
import { GVISOR_SECCOMP_PROFILE } from './gvisor-profile.js';
import { HARDENED_FILE, loadSeccompProfile } from './load-profile.js';
import { namesOf, profileProblem, type SeccompProfile } from './profile-format.js';

const hardened = JSON.parse(readFileSync(HARDENED_FILE, 'utf8')) as SeccompProfile;
const gvisor = JSON.parse(GVISOR_SECCOMP_PROFILE) as SeccompProfile;
const docs = readFileSync(new URL('../../../docs/seccomp.md', import.meta.url), 'utf8');

const denied = DENIED_GROUPS.flatMap(({ calls }) => calls);
const narrowed: string[] = NARROWED_CALLS.flatMap(({ calls }) => [...calls]);
const ALLOW = 'SCMP_ACT_ALLOW';
const ERRNO = 'SCMP_ACT_ERRNO';

/** A 32-bit number in a register whose upper half the caller has chosen, and the kernel drops. */
const inRegister = (low: fc.Arbitrary<number>) =>
  fc
    .tuple(low, fc.oneof(fc.constant(0), fc.constant(0xffff_ffff), fc.nat(0xffff_ffff)))
    .map(([value, upper]) => (BigInt(upper) << 32n) | BigInt(value));
const uint32 = fc.nat(0xffff_ffff);

describe('config/seccomp/hardened.json', () => {
  const rules = hardened.syscalls ?? [];

  it('is a list of what is allowed, in a form that engines take', () => {
    expect(profileProblem(hardened, { gvisor: false })).toBeNull();
    expect(hardened.defaultAction).toBe(ERRNO);
    expect(hardened.archMap).toEqual([
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
    ]);
  });

  it('allows no denied call, and nothing twice', () => {
    const allowed = rules.filter(({ action }) => action === ALLOW).flatMap(namesOf);
    expect(allowed.filter((name) => denied.includes(name))).toEqual([]);
    const plain = rules.filter(({ args }) => !args).flatMap(namesOf);
    expect(plain.filter((name, index) => plain.indexOf(name) !== index)).toEqual([]);
    expect(plain.filter((name) => narrowed.includes(name))).toEqual([]);
    const limited = rules.filter(({ args }) => args).flatMap(namesOf);
    expect(new Set(limited)).toEqual(new Set(narrowed));
    const texts = rules.map(({ names, args }) => JSON.stringify([names, args]));
    expect(new Set(texts).size).toBe(texts.length);
    for (const { comment } of rules) expect(comment).toMatch(/\w/);
  });

  it('answers ENOSYS to clone3 alone, so that libc takes clone', () => {
    const others = rules.filter(({ action }) => action !== ALLOW);
    expect(others).toMatchObject([{ names: ['clone3'], action: ERRNO, errnoRet: 38 }]);
  });
});

describe.each([
  ['hardened', hardened],
  ['hardened under gVisor', gvisor],
])('%s', (_name, profile) => {
  const allows = (call: string, ...args: (number | bigint)[]) =>
    decisionOf(profile, call, args) === ALLOW;

  it('denies what the list denies', () => {
    const left = denied.filter((name) => allows(name));
    expect(left).toEqual(profile === gvisor ? ['clone3'] : []);
  });

  it('opens UNIX, TCP, UDP and NETLINK_ROUTE sockets and no other', () => {
    const internet = (type: number, protocol: number) =>
      (type === 1 && [0, 6].includes(protocol)) || (type === 2 && [0, 17].includes(protocol));
    for (let family = 0; family < 64; family += 1) {
      for (let type = 0; type < 16; type += 1) {
        for (const protocol of [0, 1, 6, 15, 16, 17, 132, 255, 262]) {
          const expected =
            family === 1 ||
            ([2, 10].includes(family) && internet(type, protocol)) ||
            (family === 16 && protocol === 0);
          const socket = [family, type, protocol];
          expect(allows('socket', ...socket), socket.join()).toBe(expected);
        }
      }
      expect(allows('socketpair', family, 1, 0)).toBe(family === 1);
    }
    expect(allows('socket', 2, 1 | 0o2000000 | 0o4000, 6)).toBe(true);
  });

  it('opens no other socket by bits that the kernel drops', () => {
    const forbidden = fc.nat(63).filter((family) => ![1, 2, 10, 16].includes(family));
    fc.assert(
      fc.property(inRegister(forbidden), inRegister(uint32), inRegister(uint32), (...socket) => {
        expect(allows('socket', ...socket)).toBe(false);
        expect(allows('socketpair', ...socket)).toBe(false);
      }),
    );
    const raw = fc.integer({ min: 3, max: 15 });
    fc.assert(
      fc.property(fc.constantFrom(2, 10), inRegister(raw), uint32, (family, type, protocol) => {
        expect(allows('socket', family, type, protocol)).toBe(false);
      }),
    );
  });

  it('makes threads and processes, and no namespace', () => {
    const flags = [0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x20000];
    expect(allows('clone', 0x3d0f00)).toBe(true);
    expect(allows('clone', 0x1200011)).toBe(true);
    fc.assert(
      fc.property(fc.constantFrom(...flags), inRegister(uint32), (flag, others) => {
        expect(allows('clone', others | BigInt(flag))).toBe(false);
      }),
    );
  });

  it('makes FIFOs and sockets, and no device', () => {
    for (const [call, before] of [
      ['mknod', [0]],
      ['mknodat', [0, 0]],
    ] as const) {
      for (const kind of [0, 0o010000, 0o100000, 0o140000]) {
        expect(allows(call, ...before, kind | 0o644)).toBe(true);
      }
      for (const kind of [0o020000, 0o060000]) {
        expect(allows(call, ...before, kind | 0o644)).toBe(false);
        expect(allows(call, ...before, (1n << 40n) | BigInt(kind))).toBe(false);
      }
    }
  });

  it('types into no terminal, and makes every other request of a device', () => {
    const forbidden = [0x5412, 0x541c];
    fc.assert(
      fc.property(inRegister(fc.constantFrom(...forbidden)), (request) => {
        expect(allows('ioctl', 3, request)).toBe(false);
      }),
    );
    const near = fc.integer({ min: 0x5400, max: 0x5480 });
    const oneBitOff = fc
      .tuple(fc.constantFrom(...forbidden), fc.nat(31))
      .map(([request, bit]) => (request ^ (1 << bit)) >>> 0);
    const other = fc.oneof(near, oneBitOff, uint32).filter((one) => !forbidden.includes(one));
    fc.assert(
      fc.property(inRegister(other), (request) => {
        expect(allows('ioctl', 3, request)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

it('personality is Linux or a question', () => {
  const asked = (value: number | bigint) => decisionOf(hardened, 'personality', [value]);
  for (const value of [0, 0xffff_ffff, -1n]) expect(asked(value)).toBe(ALLOW);
  for (const value of [8, 0x40000, 0x400000, (1n << 32n) | 0x40000n])
    expect(asked(value)).toBe(ERRNO);
});

describe('docs/seccomp.md', () => {
  const rows = new Map(
    [...docs.matchAll(/^\| `([a-z_-]+)` +\|(.+)$/gm)].map(([, id = '', rest = '']) => {
      const cells = rest.split('|').map((cell) => cell.trim());
      return [id, cells] as const;
    }),
  );

  it.each([...DENIED_GROUPS, ...NARROWED_CALLS].map(({ id, calls }) => [id, calls] as const))(
    'says of %s which calls, why, and what it stops',
    (id, calls) => {
      const [named = '', reason = '', attack = ''] = rows.get(id) ?? [];
      expect([...named.matchAll(/`([a-z0-9_]+)`/g)].map(([, name]) => name)).toEqual([...calls]);
      expect(reason.length).toBeGreaterThan(20);
      expect(attack.length).toBeGreaterThan(20);
    },
  );

  it('has no line that nothing denies', () => {
    const ids = [...DENIED_GROUPS, ...NARROWED_CALLS].map(({ id }) => id);
    expect([...rows.keys()].toSorted()).toEqual(ids.toSorted());
  });
});

it('is found, and sent on one line as it stands', async () => {
  const text = await loadSeccompProfile('hardened', false);
  expect(text).not.toMatch(/[\r\n\t]/);
  expect(JSON.parse(text ?? '')).toEqual(hardened);
  expect(await loadSeccompProfile('hardened', true)).toBe(GVISOR_SECCOMP_PROFILE);
  expect(await loadSeccompProfile('', true)).toBe(GVISOR_SECCOMP_PROFILE);
  expect(await loadSeccompProfile('', false)).toBeNull();
});
