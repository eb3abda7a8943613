import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ContainerCreateBody } from '../../src/sandbox/container-engine.js';
import { parseFindings, SYSTEM_CALLS, systemCallProbe } from './probe.js';
import { type Outcome, SandboxBench } from './sandbox-bench.js';
import {
  DENIED_CALLS,
  deniedCallProbe,
  NARROWED_DENIED,
  NARROWED_LEFT,
  NUMBERLESS,
  socketcallProgram,
  SOCKETS_DENIED,
  SOCKETS_LEFT,
} from './seccomp-probe.js';

const EPERM = '1';
const ENOSYS = '38';

const PROBE = `
${deniedCallProbe()}
${systemCallProbe().replaceAll('call:', 'p7:')}
sed -n "s/^Seccomp:[[:space:]]*/mode /p" /proc/self/status
/workspace/socketcall 2>/dev/null; echo "socketcall $?"
`;

/** All that a call needs to arrive in the kernel, but what would change the machine. */
function unlocked(body: ContainerCreateBody): void {
  body.User = '0:0';
  body.HostConfig.CapDrop = null;
  body.HostConfig.CapAdd = ['SYSLOG', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_RAW', 'NET_ADMIN', 'MKNOD'];
  body.HostConfig.SecurityOpt = ['seccomp=unconfined'];
}

function unfiltered(body: ContainerCreateBody): void {
  body.HostConfig.SecurityOpt = ['no-new-privileges', 'seccomp=unconfined'];
}

/** Answered EPERM without a filter too, for want of a capability that would reach the machine. */
const OF_THE_MACHINE = ['acct', 'reboot', 'settimeofday', 'vhangup'];

/** What the sentry itself refuses or does not have, so that the filter makes no difference. */
const OF_THE_SENTRY = [
  ...OF_THE_MACHINE,
  ...['_sysctl', 'adjtimex', 'cachestat', 'clock_adjtime', 'clock_settime', 'clone3'],
  ...['create_module', 'delete_module', 'finit_module', 'init_module', 'ioperm', 'iopl'],
  ...['io_uring_enter', 'io_uring_setup', 'io_uring_register', 'kexec_file_load', 'kexec_load'],
  ...['listmount', 'lsm_get_self_attr', 'lsm_list_modules', 'lsm_set_self_attr', 'memfd_secret'],
  ...['migrate_pages', 'modify_ldt', 'mount_setattr', 'move_pages', 'open_tree_attr'],
  ...['pidfd_getfd', 'process_madvise', 'process_mrelease', 'quotactl_fd'],
  ...['set_mempolicy_home_node', 'statmount', 'personality-no-random'],
];

describe.each([
  ['runc', false],
  ['runsc', true],
])('seccompProfile: hardened under %s', (_runtime, gvisor) => {
  const bench = new SandboxBench(
    { sandbox: { security: { gvisor, seccompProfile: 'hardened' } } },
    new Set(['codex.sandbox.security.seccompProfile']),
  );
  let outcome: Outcome;
  let found: Record<string, string>;
  let without: Record<string, string>;
  let root: Record<string, string>;

  beforeAll(async () => {
    const place = await bench.place();
    const program = join(place.workspaceDir, 'socketcall');
    writeFileSync(program, socketcallProgram());
    chmodSync(program, 0o755);
    outcome = await bench.script(PROBE, { place });
    found = parseFindings(outcome.stdout);
    without = parseFindings((await bench.scriptChanged(PROBE, unfiltered, { place })).stdout);
    root = parseFindings((await bench.scriptChanged(PROBE, unlocked, { place })).stdout);
  });
  afterAll(() => bench.close());

  it('denies every call of the list, each of which arrives in the kernel without it', () => {
    const refusal = (name: string) => found[`call:${name}`];
    const wrong = DENIED_CALLS.filter((name) => ![EPERM, ENOSYS].includes(refusal(name) ?? ''));
    expect(wrong).toEqual([]);
    expect(refusal('clone3')).toBe(ENOSYS);
    if (!gvisor) {
      // The numbers above the profile's own, which runc answers as a kernel that has none of them.
      const newer = ['open_tree_attr', 'statmount', 'listmount'];
      const lsm = ['lsm_get_self_attr', 'lsm_set_self_attr', 'lsm_list_modules'];
      const unknown = DENIED_CALLS.filter((name) => refusal(name) === ENOSYS);
      const allowed = ['clone3', ...newer, ...lsm];
      expect(unknown.filter((name) => !allowed.includes(name))).toEqual([]);
    }
    const same = DENIED_CALLS.filter((name) =>
      [without, root].every((control) => control[`call:${name}`] === refusal(name)),
    );
    const known = gvisor ? OF_THE_SENTRY : OF_THE_MACHINE;
    // A kernel older than the call answers it as the filter does.
    const absent = DENIED_CALLS.filter((name) => root[`call:${name}`] === ENOSYS);
    expect(same.filter((name) => !known.includes(name) && !absent.includes(name))).toEqual([]);
    expect(NUMBERLESS).toEqual(['vm86', 'vm86old', 'umount', 'stime', 'socketcall', 'ipc']);
  });

  it('P7 is refused all of it, also what Docker’s default lets through', () => {
    const through = SYSTEM_CALLS.filter((name) => found[`p7:${name}`] !== 'EPERM');
    expect(through).toEqual([]);
    const open = SYSTEM_CALLS.filter((name) => without[`p7:${name}`] !== 'EPERM');
    const least = ['unshare_user', 'clone_newuser', 'vsock', 'alg_socket', 'userfaultfd'];
    if (!gvisor) least.push('ptrace_init', 'io_uring_setup', 'modify_ldt');
    expect([...open, ...SYSTEM_CALLS.filter((name) => root[`p7:${name}`] !== 'EPERM')]).toEqual(
      expect.arrayContaining(least),
    );
  });

  it('opens the four kinds of socket that programs use, and no other', () => {
    for (const name of SOCKETS_LEFT) expect(found[`call:socket-${name}`], name).toBe('ok');
    for (const name of SOCKETS_DENIED) {
      expect(found[`call:socket-${name}`], name).toBe(EPERM);
      expect(root[`call:socket-${name}`], name).toMatch(/^(?!1$)\w+$/);
    }
    expect(found['call:socketpair-tipc']).toBe(EPERM);
    expect(root['call:socketpair-tipc']).not.toBe(EPERM);
  });

  it('looks at arguments as the kernel does', () => {
    for (const name of NARROWED_DENIED) {
      if (gvisor && OF_THE_SENTRY.includes(name)) continue;
      expect(found[`call:${name}`], name).toBe(EPERM);
      expect(root[`call:${name}`], name).toMatch(/^(?!1$)\w+$/);
    }
    for (const name of NARROWED_LEFT) {
      expect(found[`call:${name}`], name).toBe(without[`call:${name}`]);
      expect(found[`call:${name}`], name).not.toBe(EPERM);
    }
    expect(found['call:mknod-fifo']).toBe('ok');
  });

  it('has no 32-bit calls: socketcall makes no socket', () => {
    if (gvisor) {
      // The sentry takes the instruction for a 64-bit call of the same number, which is getuid.
      expect(found.socketcall).not.toBe('3');
      return;
    }
    expect(without.socketcall).toBe('3');
    expect(found.socketcall).toBe(String(128 + 31));
  });

  it('is named in the report, and in force', () => {
    const { controls } = outcome.sandbox.report;
    const reported = controls.find(({ name }) => name === 'security.seccompProfile');
    expect(reported).toMatchObject({ value: 'hardened', source: 'config' });
    expect(reported?.note ?? '').not.toContain('Docker');
    if (!gvisor) expect([found.mode, without.mode]).toEqual(['2', '0']);
  });
});
