import { chmodSync, chownSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ContainerCreateBody } from '../../src/sandbox/container-engine.js';
import { REFUSALS, SYSTEM_CALLS, parseFindings, systemCallProbe } from './probe.js';
import { type Outcome, type Place, SandboxBench } from './sandbox-bench.js';

/** What Docker's default profile lets through; the report says so. */
const DEFAULT_PROFILE_GAPS = ['io_uring_setup', 'modify_ldt', 'vsock', 'ptrace_init'];
/** What gVisor carries out inside its own kernel, out of the host's sight. */
const INSIDE_THE_SENTRY = ['unshare_user', 'clone_newuser', 'mknod', 'ptrace_init'];

const PROBE = `
status() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }
for name in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do echo "status:$name $(status $name)"; done
echo "uid $(id -u)"; echo "gid $(id -g)"; echo "groups $(id -G)"
echo "version $(cat /proc/version)"
echo "apparmor $(cat /proc/self/attr/current 2>/dev/null || echo none)"
echo "dev $(perl -e 'opendir D, "/dev"; print join ",", sort grep { !/^\\./ } readdir D')"
for device in mem kmsg sda vda nvme0n1 kvm fuse; do
  if perl -e 'open F, "<", shift or exit 1' /dev/$device 2>/dev/null; then echo "open:$device ok"; fi
done
echo "suid-euid $(/workspace/suid-id -u 2>/dev/null)"
echo "core $(ulimit -c)"; echo "nofile $(ulimit -n)"; echo "hard-nofile $(ulimit -H -n)"
${systemCallProbe()}
`;

/** As the probe, with everything given that a sandbox is denied. */
function unlocked(body: ContainerCreateBody): void {
  body.User = '0:0';
  body.HostConfig.CapDrop = null;
  body.HostConfig.CapAdd = ['SYSLOG', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_RAW', 'NET_ADMIN', 'MKNOD'];
  body.HostConfig.SecurityOpt = ['seccomp=unconfined'];
  body.HostConfig.ReadonlyRootfs = false;
  body.HostConfig.Ulimits = [];
  body.HostConfig.Devices = [
    { PathOnHost: '/dev/kmsg', PathInContainer: '/dev/kmsg', CgroupPermissions: 'rwm' },
  ];
}

describe.each([
  ['runc', false],
  ['runsc', true],
])('privilege under %s', (_runtime, gvisor) => {
  const bench = new SandboxBench({ sandbox: { security: { gvisor } } });
  let place: Place;
  let outcome: Outcome;
  let found: Record<string, string>;
  let without: Record<string, string>;

  beforeAll(async () => {
    place = await bench.place();
    const program = join(place.workspaceDir, 'suid-id');
    copyFileSync('/usr/bin/id', program);
    chownSync(program, 0, 0);
    chmodSync(program, 0o4755);
    outcome = await bench.script(PROBE, { place });
    found = parseFindings(outcome.stdout);
    without = parseFindings((await bench.scriptChanged(PROBE, unlocked, { place })).stdout);
  });
  afterAll(() => bench.close());

  it('P1 has no capability in any set', () => {
    const sets = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
    const present = sets.filter((name) => found[`status:${name}`] !== '');
    expect(present).toEqual(expect.arrayContaining(['CapInh', 'CapPrm', 'CapEff', 'CapBnd']));
    for (const name of present) expect(found[`status:${name}`]).toMatch(/^0+$/);
    expect(without['status:CapEff']).not.toMatch(/^0+$/);
  });

  it('P2 and P3 has no new privileges and a filter', () => {
    if (gvisor) {
      expect(found.version).toContain('Linux version 4.4.0');
      return;
    }
    expect([found['status:NoNewPrivs'], found['status:Seccomp']]).toEqual(['1', '2']);
    expect([without['status:NoNewPrivs'], without['status:Seccomp']]).toEqual(['0', '0']);
  });

  it('P4 is the agent, in no other group', async () => {
    const { uid, gid } = await bench.image();
    expect([found.uid, found.gid, found.groups]).toEqual([String(uid), String(gid), String(gid)]);
    expect(uid * gid).toBeGreaterThan(0);
    expect(without.uid).toBe('0');
  });

  it('P5 is confined by AppArmor where the host has it', async () => {
    const { securityOptions } = await bench.engine.info();
    const hasAppArmor = securityOptions.some((option) => option.includes('apparmor'));
    if (hasAppArmor) expect(found.apparmor).not.toContain('unconfined');
    const reported = outcome.sandbox.report.controls.find(({ name }) => name === 'appArmorProfile');
    expect(reported?.value).toBe(hasAppArmor ? 'docker-default' : 'none on this host');
  });

  it('P6 stays itself when it runs a setuid program', async () => {
    expect(found['suid-euid']).toBe(found.uid);
    if (gvisor) return;
    const raised = await bench.scriptChanged(
      '/workspace/suid-id -u',
      (body) => {
        body.HostConfig.SecurityOpt = [];
        body.HostConfig.CapDrop = null;
      },
      { place },
    );
    expect(raised.stdout).toBe('0\n');
  });

  it('P7 and P8 is refused every system call that leads out', () => {
    const letThrough = SYSTEM_CALLS.filter(
      (name) => !REFUSALS.includes(found[`call:${name}`] ?? 'missing'),
    );
    const known = gvisor ? INSIDE_THE_SENTRY : DEFAULT_PROFILE_GAPS;
    expect(letThrough.filter((name) => !known.includes(name))).toEqual([]);
    const allowed = SYSTEM_CALLS.filter(
      (name) => !REFUSALS.includes(without[`call:${name}`] ?? 'EPERM'),
    );
    const least = gvisor
      ? ['unshare_user', 'mount', 'pivot_root', 'mknod']
      : [
          'unshare_user',
          'mount',
          'setns',
          'mknod',
          'bpf',
          'keyctl',
          'add_key',
          'perf_event_open',
          'raw_socket',
          'packet_socket',
        ];
    expect(allowed).toEqual(expect.arrayContaining(least));
  });

  it('P7 says what the default profile lets through', () => {
    const seccomp = outcome.sandbox.report.controls.find(
      ({ name }) => name === 'security.seccompProfile',
    );
    expect(seccomp?.value).toBe(gvisor ? 'gvisor' : 'default');
    if (!gvisor)
      expect(seccomp?.note).toContain('io_uring_setup, modify_ldt, vsock sockets and ptrace');
  });

  it('P9 has only the default devices, and opens no other', () => {
    const usual = [
      'console',
      'core',
      'fd',
      'full',
      'mqueue',
      'net',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ];
    if (gvisor) usual.push('fuse');
    expect((found.dev ?? '').split(',').filter((name) => !usual.includes(name))).toEqual([]);
    expect(found.dev).toContain('null');
    // gVisor's /dev/fuse is the sentry's own.
    const opened = Object.keys(found).filter((name) => name.startsWith('open:'));
    expect(opened).toEqual(gvisor && opened.length > 0 ? ['open:fuse'] : []);
    if (!gvisor) expect(without['open:kmsg']).toBe('ok');
  });

  it('R5 writes no core file and opens a bounded number of files', () => {
    expect([found.core, found.nofile, found['hard-nofile']]).toEqual(['0', '16384', '16384']);
  });

  it('applies an operator’s seccomp profile', async () => {
    const file = join(bench.root, `profile-${gvisor}.json`);
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['io_uring_setup', 'modify_ldt', 'ptrace', 'chdir'], action: 'SCMP_ACT_ERRNO' },
      ],
    };
    writeFileSync(file, JSON.stringify(profile));
    const strict = new SandboxBench({ sandbox: { security: { gvisor, seccompProfile: file } } });
    try {
      const script = `cd /tmp 2>/dev/null && echo "chdir ok" || echo "chdir refused"\n${systemCallProbe()}`;
      const filtered = parseFindings((await strict.script(script)).stdout);
      expect(filtered.chdir).toBe('refused');
      if (!gvisor) {
        for (const name of ['io_uring_setup', 'modify_ldt', 'ptrace_init']) {
          expect(filtered[`call:${name}`], name).toBe('EPERM');
        }
      }
      expect(parseFindings((await bench.script(script)).stdout).chdir).toBe('ok');
    } finally {
      await strict.close();
    }
  });
});
