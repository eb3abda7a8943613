import { describe, expect, it } from 'vitest';

import { yamlSchema } from '../../config/yaml-schema.js';
import type { SandboxObservation } from '../probe/sandbox-observer.js';
import { judgeAccess } from './access.check.js';
import { judgeCredentialRoutes } from './credential-routes.check.js';
import { judgeClock } from './clock.check.js';
import { judgeDisk } from './disk-space.check.js';
import {
  judgeCgroups,
  judgeMandatoryAccessControl,
  judgeSwap,
  judgeUserNamespaces,
} from './engine-host.checks.js';
import { judgeSocket } from './engine-socket.check.js';
import { judgeVersions } from './engine-versions.check.js';
import { judgeFenceProof } from './fence-proof.check.js';
import { judgeFence } from './fence.check.js';
import { judgeFileModes } from './file-modes.check.js';
import { judgeForwarding } from './forwarding-headers.check.js';
import { judgeGvisor } from './gvisor.check.js';
import { judgeImage } from './image.check.js';
import { judgeKeyUse } from './master-key-use.check.js';
import { judgeBackup, judgeMasterKey } from './master-key.checks.js';
import { judgeRateLimits } from './rate-limits.check.js';
import { judgeEgress } from './egress.check.js';
import { judgeControls } from './sandbox-controls.check.js';
import { judgeSeccomp } from './seccomp.check.js';
import { judgeDefaults } from './security-defaults.check.js';
import { judgeSourceRouting } from './source-routing.check.js';

const defaults = yamlSchema.parse({}).codex;
const LONG = 32;
const GVISOR = { on: false, registered: false };
const GOOD_ARGS = ['--network=host', '--oci-seccomp'];

const SEEN: SandboxObservation = {
  status: {
    CapInh: '0000000000000000',
    CapPrm: '0000000000000000',
    CapEff: '0000000000000000',
    CapBnd: '0000000000000000',
    CapAmb: '0000000000000000',
    NoNewPrivs: '1',
    Seccomp: '2',
  },
  ids: '10001 10001',
  rootWritten: false,
  tool: 'bash',
  loopbackRefused: true,
  attempts: [{ name: 'the gateway', address: '172.20.0.1', port: 1234, outcome: 'silent' }],
  network: 'bridge',
  hostHeard: true,
  heardFromSandbox: [],
};
const WANTED = {
  gvisor: false,
  noNewPrivileges: true,
  dropCapabilities: true,
  rootWritable: false,
};
const used = (encryptions: number) => ({ locked: false, rotationPending: false, encryptions });
const routesTo = (...upstreams: string[]) =>
  judgeCredentialRoutes(
    upstreams.map((upstream, place) => ({ name: `route-${place}`, upstream, place })),
    'r.yaml',
  );
const seen = (over: Partial<SandboxObservation>) => ({ ...SEEN, ...over });
const reached = (outcome: 'open' | 'refused') =>
  seen({ attempts: SEEN.attempts.map((attempt) => ({ ...attempt, outcome })) });

describe.each([
  [
    'no token beyond loopback',
    judgeAccess({ bind: '0.0.0.0', writeToken: null, readToken: LONG }),
    'fail',
  ],
  [
    'no token on loopback',
    judgeAccess({ bind: '127.0.0.1', writeToken: null, readToken: null }),
    'warn',
  ],
  ['a short write token', judgeAccess({ bind: '::1', writeToken: 8, readToken: null }), 'warn'],
  ['a short read token', judgeAccess({ bind: '::1', writeToken: LONG, readToken: 3 }), 'warn'],
  [
    'no read token beyond loopback',
    judgeAccess({ bind: '::', writeToken: LONG, readToken: null }),
    'warn',
  ],
  [
    'a token on loopback',
    judgeAccess({ bind: 'localhost', writeToken: LONG, readToken: null }),
    'pass',
  ],
  [
    'both tokens beyond loopback',
    judgeAccess({ bind: '0.0.0.0', writeToken: LONG, readToken: LONG }),
    'pass',
  ],
  ['no forwarder', judgeForwarding({ trusted: [], lastPeer: null }), 'pass'],
  ['a forwarder', judgeForwarding({ trusted: ['10.0.0.1'], lastPeer: '10.0.0.7' }), 'warn'],
  ['the default settings', judgeDefaults(defaults, 'r.yaml'), 'pass'],
  [
    'a writable root',
    judgeDefaults({ ...defaults, threadSandbox: 'danger-full-access' }, 'r.yaml'),
    'warn',
  ],
  [
    'a repository that a run can change',
    judgeDefaults(
      { ...defaults, sandbox: { ...defaults.sandbox, protectRepoConfig: false } },
      'r.yaml',
    ),
    'warn',
  ],
  ['no allowlist', judgeEgress({ allowlist: [], mode: 'enforce' }, 'r.yaml'), 'warn'],
  ['an allowlist', judgeEgress({ allowlist: ['a.example'], mode: 'enforce' }, 'r.yaml'), 'pass'],
  ['observing', judgeEgress({ allowlist: ['a.example'], mode: 'observe' }, 'r.yaml'), 'fail'],
  [
    'source routes off',
    judgeSourceRouting(
      new Map([
        ['all', false],
        ['default', true],
        ['lo', true],
      ]),
    ),
    'pass',
  ],
  [
    'source routes on an interface',
    judgeSourceRouting(
      new Map([
        ['all', false],
        ['eth0', true],
      ]),
    ),
    'warn',
  ],
  [
    'source routes on',
    judgeSourceRouting(
      new Map([
        ['all', true],
        ['eth0', false],
      ]),
    ),
    'fail',
  ],
  [
    'enough disk',
    judgeDisk([{ path: '/', purpose: 'a', freeBytes: 20, freeInodes: null }], 10),
    'pass',
  ],
  [
    'little disk',
    judgeDisk([{ path: '/', purpose: 'a', freeBytes: 19, freeInodes: null }], 10),
    'warn',
  ],
  ['no disk', judgeDisk([{ path: '/', purpose: 'a', freeBytes: 9, freeInodes: null }], 10), 'fail'],
  ['no inodes', judgeDisk([{ path: '/', purpose: 'a', freeBytes: 99, freeInodes: 5 }], 10), 'fail'],
  ['limits', judgeRateLimits({ api: { limit: 300 }, webhooks: { limit: 600 } }, 'r'), 'pass'],
  ['no limits', judgeRateLimits({ api: { limit: 300 }, webhooks: { limit: 1e9 } }, 'r'), 'warn'],
  ['a right clock', judgeClock({ engineAheadMs: 10, synchronized: true }), 'pass'],
  ['a loose clock', judgeClock({ engineAheadMs: null, synchronized: false }), 'warn'],
  ['two clocks', judgeClock({ engineAheadMs: -6000, synchronized: true }), 'warn'],
  ['remapped users', judgeUserNamespaces(['name=userns'], GVISOR, 'r'), 'pass'],
  ['an engine without root', judgeUserNamespaces(['name=rootless,x'], GVISOR, 'r'), 'pass'],
  ['users under gVisor', judgeUserNamespaces([], { ...GVISOR, on: true }, 'r'), 'pass'],
  ['plain users', judgeUserNamespaces(['name=seccomp,profile=default'], GVISOR, 'r'), 'warn'],
  ['cgroups 2', judgeCgroups('2'), 'pass'],
  ['cgroups 1', judgeCgroups('1'), 'warn'],
  ['no swap', judgeSwap(0, false), 'pass'],
  ['limited swap', judgeSwap(1, true), 'pass'],
  ['free swap', judgeSwap(1, false), 'fail'],
  ['AppArmor', judgeMandatoryAccessControl(['name=apparmor']), 'pass'],
  ['SELinux', judgeMandatoryAccessControl(['name=selinux']), 'pass'],
  ['neither', judgeMandatoryAccessControl(['name=seccomp']), 'warn'],
  ['a private socket', judgeSocket({ kind: 'unix', path: '/s', mode: 0o140660, uid: 0 }), 'pass'],
  ['an open socket', judgeSocket({ kind: 'unix', path: '/s', mode: 0o140666, uid: 0 }), 'fail'],
  [
    'somebody’s socket',
    judgeSocket({ kind: 'unix', path: '/s', mode: 0o140600, uid: 4242 }),
    'warn',
  ],
  ['plain TCP', judgeSocket({ kind: 'tcp', host: 'h:2375' }), 'fail'],
  ['a new runc', judgeVersions([{ name: 'runc', version: '1.3.3', revision: '' }]), 'pass'],
  ['an old runc', judgeVersions([{ name: 'runc', version: '1.1.11', revision: '' }]), 'warn'],
  [
    'a standing fence',
    judgeFence({ local: true, standing: { standing: true }, fault: null }),
    'pass',
  ],
  [
    'a changed fence',
    judgeFence({ local: true, standing: { standing: true }, fault: 'x' }),
    'fail',
  ],
  ['no fence', judgeFence({ local: true, standing: { standing: false }, fault: null }), 'warn'],
  [
    'a remote engine',
    judgeFence({ local: false, standing: { standing: false }, fault: null }),
    'warn',
  ],
  ['silence', judgeFenceProof(SEEN), 'pass'],
  ['no network', judgeFenceProof(seen({ network: 'none', tool: 'none' })), 'pass'],
  ['a way through', judgeFenceProof(reached('open')), 'fail'],
  ['an answer, if only a refusal', judgeFenceProof(reached('refused')), 'fail'],
  [
    'a heard packet',
    judgeFenceProof(seen({ heardFromSandbox: ['172.20.0.2:5'], tool: 'none' })),
    'fail',
  ],
  ['held controls', judgeControls(SEEN, WANTED), 'pass'],
  [
    'a capability',
    judgeControls(seen({ status: { ...SEEN.status, CapBnd: '0000000000000400' } }), WANTED),
    'fail',
  ],
  [
    'new privileges',
    judgeControls(seen({ status: { ...SEEN.status, NoNewPrivs: '0' } }), WANTED),
    'fail',
  ],
  ['no filter', judgeControls(seen({ status: { ...SEEN.status, Seccomp: '0' } }), WANTED), 'fail'],
  ['root’s group', judgeControls(seen({ ids: '10001 0' }), WANTED), 'fail'],
  ['a written root', judgeControls(seen({ rootWritten: true }), WANTED), 'fail'],
  [
    'a root that may be written',
    judgeControls(seen({ rootWritten: true }), { ...WANTED, rootWritable: true }),
    'pass',
  ],
  ['no credential route', routesTo(), 'pass'],
  ['an upstream over TLS', routesTo('https://api.example.com/v1'), 'pass'],
  [
    'a plain upstream on this host',
    routesTo('http://127.0.0.2:8080', 'http://localhost/v1'),
    'pass',
  ],
  ['a plain upstream of one’s own network', routesTo('http://10.1.2.3:8080/v1'), 'warn'],
  ['the same over IPv6', routesTo('http://[fd00::1]/'), 'warn'],
  ['a plain upstream by its name', routesTo('http://10.1.2.3', 'HTTP://models.internal'), 'fail'],
  ['a plain upstream of the internet', routesTo('http://8.8.8.8'), 'fail'],
  ['no runsc', judgeGvisor({ wanted: false, registered: null, kernel: null }), 'warn'],
  [
    'no runsc where it is wanted',
    judgeGvisor({ wanted: true, registered: null, kernel: null }),
    'fail',
  ],
  ['runsc without profiles', judgeGvisor({ wanted: false, registered: [], kernel: null }), 'warn'],
  ['a broken runsc', judgeGvisor({ wanted: false, registered: GOOD_ARGS, kernel: null }), 'fail'],
  [
    'a false runsc',
    judgeGvisor({ wanted: false, registered: GOOD_ARGS, kernel: 'Linux version 6.1' }),
    'fail',
  ],
  [
    'a real runsc',
    judgeGvisor({ wanted: true, registered: GOOD_ARGS, kernel: 'Linux version 4.4.0' }),
    'pass',
  ],
  [
    'a tag',
    judgeImage({ reference: 'a:latest', image: { id: 'sha256:1', uid: 1, gid: 1 } }, 'r'),
    'warn',
  ],
  [
    'an id',
    judgeImage({ reference: 'sha256:1', image: { id: 'sha256:1', uid: 1, gid: 1 } }, 'r'),
    'pass',
  ],
  ['no image', judgeImage({ reference: 'a', problem: 'no agent' }, 'r'), 'fail'],
  ['no key', judgeMasterKey(null), 'warn'],
  ['a weak key', judgeMasterKey(8), 'warn'],
  ['a key', judgeMasterKey(44), 'pass'],
  ['a backup', judgeBackup({ locked: false, acknowledgedAt: 1, by: 'loopback' }), 'pass'],
  ['no backup', judgeBackup({ locked: false, acknowledgedAt: null, by: null }), 'warn'],
  ['a key that is used', judgeKeyUse(used(2 ** 30 - 1)), 'pass'],
  ['a key that is much used', judgeKeyUse(used(2 ** 30)), 'warn'],
  ['a key that is used up', judgeKeyUse(used(2 ** 32)), 'fail'],
  ['a key that is changed', judgeKeyUse({ ...used(1), rotationPending: true }), 'warn'],
] as const)('%s', (_name, finding, status) => {
  it(`is a ${status}, with a sentence and a command where there is something to do`, () => {
    expect(finding.status, finding.detail).toBe(status);
    expect(finding.detail).toMatch(/^\S.*\.$/s);
    expect(finding.checked).toBe(true);
    if (status === 'pass') expect(finding.remedy).toBeNull();
    else expect(finding.remedy).toMatch(/\S/);
  });
});

describe('what could not be looked at', () => {
  it.each([
    ['a fence without a tool', judgeFenceProof(seen({ tool: 'none' }))],
    ['a tool that does not connect', judgeFenceProof(seen({ loopbackRefused: false }))],
    ['a listener that nobody hears', judgeFenceProof(seen({ hostHeard: false }))],
    ['a clock of which nobody tells', judgeClock({ engineAheadMs: 0, synchronized: null })],
    ['the use of no key', judgeKeyUse({ ...used(0), locked: true })],
    ['a backup of no key', judgeBackup({ locked: true, acknowledgedAt: null, by: null })],
  ])('%s is no pass', (_name, finding) => {
    expect(finding).toMatchObject({ status: 'warn', checked: false });
    expect(finding.detail).toContain('could not be checked');
  });
});

describe('a seccomp profile', () => {
  const facts = {
    setting: '',
    gvisor: false,
    securityOptions: ['name=seccomp,profile=default'],
    problem: null,
    loaded: true,
  } as const;
  it.each([
    ['the default, loaded', facts, 'warn'],
    ['the default under gVisor, loaded', { ...facts, gvisor: true }, 'pass'],
    ['hardened, loaded', { ...facts, setting: 'hardened' }, 'pass'],
    ['a file, loaded', { ...facts, setting: '/p.json' }, 'pass'],
    ['an engine without filters', { ...facts, securityOptions: [] }, 'fail'],
    ['unconfined', { ...facts, securityOptions: ['name=seccomp,profile=unconfined'] }, 'fail'],
    ['a broken file', { ...facts, setting: '/p.json', problem: 'it is not JSON' }, 'fail'],
    ['a container that does not start', { ...facts, loaded: 'refused' as const }, 'fail'],
    ['a container without a filter', { ...facts, loaded: false }, 'fail'],
  ])('%s', (_name, given, status) => {
    expect(judgeSeccomp(given, '/r.yaml').status).toBe(status);
  });

  it('of the engine has a remedy that names ours; ours has none to give', () => {
    expect(judgeSeccomp(facts, '/r.yaml').remedy).toBe(
      'npx risoluto config set codex.sandbox.security.seccompProfile hardened --file /r.yaml',
    );
    const hardened = judgeSeccomp({ ...facts, setting: 'hardened' }, '/r.yaml');
    expect(hardened).toMatchObject({ status: 'pass', remedy: null });
    expect(hardened.detail).toContain('the hardened profile');
  });
});

describe('the modes of files', () => {
  const file = { path: "/d/it's", forbidden: 0o077, mayBeLink: false, uid: 7, link: false };
  it('fail for open ones, foreign ones and links, each with its command', () => {
    expect(judgeFileModes([{ ...file, mode: 0o600 }], 7).status).toBe('pass');
    expect(judgeFileModes([{ ...file, mode: 0o640 }], 7)).toMatchObject({
      status: 'fail',
      remedy: "chmod go-rwx '/d/it'\\''s'",
    });
    expect(judgeFileModes([{ ...file, mode: 0o600, uid: 8 }], 7).remedy).toContain('chown 7 ');
    expect(judgeFileModes([{ ...file, mode: 0o600, link: true }], 7).status).toBe('fail');
  });
});

describe('a distribution’s build', () => {
  it('is named as one, with the caveat that it may have the fix', () => {
    const runc = { name: 'runc', version: '1.1.5+ds1', revision: '1.1.5+ds1-1+deb12u1' };
    const finding = judgeVersions([runc]);
    expect(finding.status).toBe('warn');
    expect(finding.detail).toContain('1.1.5+ds1-1+deb12u1');
    expect(finding.detail).toContain('carries fixes back');
    expect(finding.remedy).toContain('runc');
  });
});
