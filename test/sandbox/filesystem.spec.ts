import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ContainerCreateBody } from '../../src/sandbox/container-engine.js';
import { parseFindings } from './probe.js';
import { type Place, SandboxBench } from './sandbox-bench.js';

/** `try NAME PATH`: whether a file can be made there. */
const TRY = `
try() { if ( : > "$2/probe-file" ) 2>/dev/null; then echo "$1 written"; rm -f "$2/probe-file"; else echo "$1 refused"; fi; }
put() { if ( echo "$3" > "$2" ) 2>/dev/null; then echo "$1 written"; else echo "$1 refused"; fi; }
get() { if [ "$(head -c 1 "$2" 2>/dev/null | wc -c)" = 1 ]; then echo "$1 read"; else echo "$1 empty"; fi; }
`;

const PROBE = `${TRY}
for place in / /usr /usr/bin /etc /opt /var /var/tmp /root /run; do try "root:$place" $place; done
echo "errno $(perl -e 'open F, ">", "/usr/x" or print join ",", grep { $!{$_} } qw(EROFS EACCES EPERM); use Errno;')"
for file in kcore keys timer_list sched_debug latency_stats scsi/scsi acpi/wakeup; do get "proc:$file" /proc/$file; done
put sysctl /proc/sys/kernel/hostname x
put sysrq /proc/sysrq-trigger h
put irq /proc/irq/default_smp_affinity 1
try proc-bus /proc/bus
try sys /sys; try firmware /sys/firmware
echo "firmware-entries $(ls -A /sys/firmware 2>/dev/null | wc -l)"
try cgroup /sys/fs/cgroup; try cgroup-memory /sys/fs/cgroup/memory
put release-agent /sys/fs/cgroup/memory/release_agent /bin/x
put core-pattern /proc/sys/kernel/core_pattern x
for place in /workspace /home/agent /home/agent/.codex-runtime /tmp /dev/shm; do try "own:$place" $place; done
cp /bin/true /tmp/program && /tmp/program && echo "exec-tmp ok"
echo "sockets $(find /run /var /tmp /home /workspace /opt /srv -type s 2>/dev/null | wc -l)"
echo "engine $(ls /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock 2>/dev/null | wc -l)"
sed 's/^/mount-line /' /proc/self/mountinfo | while read -r _ line; do echo "mount:$(echo "$line" | cut -d' ' -f5) $line"; done
`;

/** Everything writable, nothing masked, as root. */
function unlocked(body: ContainerCreateBody): void {
  body.User = '0:0';
  body.HostConfig.CapDrop = null;
  body.HostConfig.ReadonlyRootfs = false;
  body.HostConfig.MaskedPaths = [];
  body.HostConfig.ReadonlyPaths = [];
  body.HostConfig.Privileged = false;
}

describe.each([
  ['runc', false],
  ['runsc', true],
])('file system under %s', (_runtime, gvisor) => {
  const sandbox = { security: { gvisor } };
  const bench = new SandboxBench({ sandbox });
  const configured = new Set(['codex.turnSandboxPolicy', 'codex.threadSandbox']);
  let found: Record<string, string>;
  let without: Record<string, string>;

  beforeAll(async () => {
    found = parseFindings((await bench.script(PROBE)).stdout);
    without = parseFindings((await bench.scriptChanged(PROBE, unlocked)).stdout);
  });
  afterAll(() => bench.close());

  /** Runs a script under a policy of the operator's. */
  async function under(codex: Record<string, unknown>, script: string, place?: Place) {
    const other = new SandboxBench({ sandbox, ...codex }, configured);
    try {
      return parseFindings(
        (await other.script(TRY + script, { place: place ?? (await other.place()) })).stdout,
      );
    } finally {
      await other.close();
    }
  }

  it('F1 has a read-only root file system', () => {
    const places = Object.keys(found).filter((name) => name.startsWith('root:'));
    expect(places.length).toBeGreaterThan(5);
    for (const name of places) expect([name, found[name]]).toEqual([name, 'refused']);
    // gVisor asks for the permission first.
    expect(found.errno).toContain(gvisor ? 'EACCES' : 'EROFS');
    expect(without['root:/usr']).toBe('written');
  });

  it('F2, F3, F4 and F5 shows and takes nothing of the kernel’s', () => {
    const secret = Object.keys(found).filter((name) => name.startsWith('proc:'));
    for (const name of secret) expect([name, found[name]]).toEqual([name, 'empty']);
    for (const name of [
      'sysctl',
      'sysrq',
      'irq',
      'proc-bus',
      'sys',
      'firmware',
      'cgroup',
      'cgroup-memory',
      'release-agent',
      'core-pattern',
    ]) {
      expect([name, found[name]]).toEqual([name, 'refused']);
    }
    expect(found['firmware-entries']).toBe('0');
    if (!gvisor) {
      expect(without['proc:timer_list']).toBe('read');
      expect(without.sysctl).toBe('written');
    }
  });

  it('F6 has no socket of an engine', async () => {
    expect([found.engine, found.sockets]).toEqual(['0', '0']);
    const planted = `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("/tmp/s"))'`;
    const seen = await bench.script(`${planted}; find /tmp -type s | wc -l`);
    expect(seen.stdout.trim()).toBe('1');
  });

  it('F7 and F12 has the mounts that it should, none of them shared', () => {
    const expected = [
      '/',
      '/proc',
      '/dev',
      '/dev/pts',
      '/dev/shm',
      '/dev/mqueue',
      '/sys',
      '/workspace',
      '/home/agent',
      '/home/agent/.codex-runtime',
      '/tmp',
      '/etc/resolv.conf',
      '/etc/hostname',
      '/etc/hosts',
      '/usr/sbin/docker-init',
      '/sbin/docker-init',
    ];
    const mounts = Object.keys(found)
      .filter((name) => name.startsWith('mount:'))
      .map((name) => name.slice(6));
    const kernel = /^\/(proc|sys)\//;
    expect(mounts.filter((path) => !expected.includes(path) && !kernel.test(path))).toEqual([]);
    expect(mounts).toEqual(
      expect.arrayContaining(['/workspace', '/home/agent', '/tmp', '/dev/shm']),
    );
    for (const path of mounts) {
      const line = found[`mount:${path}`] ?? '';
      expect(line).not.toContain(bench.data.root);
      expect(line).not.toContain('shared:');
      if (['/workspace', '/home/agent'].includes(path)) expect(line).not.toContain('master:');
    }
  });

  it('writes where it should, and runs programs from /tmp', () => {
    for (const path of [
      '/workspace',
      '/home/agent',
      '/home/agent/.codex-runtime',
      '/tmp',
      '/dev/shm',
    ]) {
      expect([path, found[`own:${path}`]]).toEqual([path, 'written']);
    }
    expect(found['exec-tmp']).toBe('ok');
  });

  it('F8 keeps a read-only workspace read-only', async () => {
    const script =
      'try workspace /workspace; try home /home/agent; try deep /workspace/deep; mkdir /workspace/x 2>/dev/null && echo "mkdir done"';
    const place = await bench.place();
    mkdirSync(join(place.workspaceDir, 'deep'));
    const { uid, gid } = await bench.image();
    chownSync(join(place.workspaceDir, 'deep'), uid, gid);
    const readOnly = await under({ threadSandbox: 'read-only' }, script, place);
    expect(readOnly).toEqual({ workspace: 'refused', home: 'written', deep: 'refused' });
    const writable = parseFindings((await bench.script(TRY + script, { place })).stdout);
    expect(writable).toEqual({
      workspace: 'written',
      home: 'written',
      deep: 'written',
      mkdir: 'done',
    });
  });

  it('F8 writes in its writable roots alone', async () => {
    const place = await bench.place();
    const { uid, gid } = await bench.image();
    for (const name of ['a', 'b', 'a/inner']) {
      mkdirSync(join(place.workspaceDir, name));
      chownSync(join(place.workspaceDir, name), uid, gid);
    }
    const turnSandboxPolicy = { type: 'workspaceWrite', writableRoots: ['/workspace/a'] };
    const script =
      'for p in . a a/inner b; do try $p /workspace/$p; done; mv /workspace/a /workspace/c 2>/dev/null && echo "moved a"';
    expect(await under({ turnSandboxPolicy }, script, place)).toEqual({
      '.': 'refused',
      a: 'written',
      'a/inner': 'written',
      b: 'refused',
    });
  });

  it('refuses a link as writable root, and the host’s directory stays untouched', async () => {
    const place = await bench.place();
    const outside = join(bench.root, `outside-${gvisor}`);
    mkdirSync(outside);
    symlinkSync(outside, join(place.workspaceDir, 'link'));
    const request = {
      policy: {
        turnSandboxPolicy: { type: 'workspaceWrite' as const, writableRoots: ['/workspace/link'] },
      },
    };
    await expect(bench.create({ place, request })).rejects.toMatchObject({
      code: 'control_unavailable',
      details: [{ field: 'policy.turnSandboxPolicy.writableRoots' }],
    });
    expect(readdirSync(outside)).toEqual([]);
  });

  it('F9 bounds every tmpfs, in bytes and in inodes', async () => {
    const small = await under(
      { sandbox: { ...sandbox, resources: { tmpfs: '1m', memory: '256m' } } },
      `for place in /tmp /dev/shm /home/agent/.codex-runtime; do
         head -c 2000000 /dev/zero 2>/dev/null > $place/big && echo "bytes:$place unbounded" || echo "bytes:$place full"
         rm -f $place/big
         perl -e 'for (1..3000) { open F, ">", "$ARGV[0]/f$_" or do { print "inodes:$ARGV[0] full\\n"; exit } } print "inodes:$ARGV[0] unbounded\\n"' $place
       done`,
    );
    for (const place of ['/tmp', '/dev/shm', '/home/agent/.codex-runtime']) {
      expect([place, small[`bytes:${place}`]]).toEqual([place, 'full']);
      // gVisor knows no bound of inodes; memory bounds them (runtime-controls.ts).
      if (!gvisor) expect([place, small[`inodes:${place}`]]).toEqual([place, 'full']);
    }
    const large = await bench.script('head -c 2000000 /dev/zero > /tmp/big && echo fits');
    expect(large.stdout).toBe('fits\n');
  });

  it('F9 has no temporary directory that the policy excludes', async () => {
    const script = 'try tmp /tmp; try vartmp /var/tmp; echo "tmpdir ${TMPDIR:-none}"';
    const exclude = (rules: Record<string, boolean>) =>
      under({ turnSandboxPolicy: { type: 'workspaceWrite', ...rules } }, script);
    expect(await exclude({})).toEqual({ tmp: 'written', vartmp: 'refused', tmpdir: '/tmp' });
    expect(await exclude({ excludeSlashTmp: true })).toEqual({
      tmp: 'refused',
      vartmp: 'written',
      tmpdir: '/var/tmp',
    });
    expect(await exclude({ excludeSlashTmp: true, excludeTmpdirEnvVar: true })).toEqual({
      tmp: 'refused',
      vartmp: 'refused',
      tmpdir: 'none',
    });
  });

  it('F10 keeps git’s hooks and configuration as they are, and in their place', async () => {
    const place = await bench.place();
    const git = join(place.workspaceDir, '.git');
    mkdirSync(join(git, 'hooks'), { recursive: true });
    writeFileSync(join(git, 'config'), '[core]\n');
    const { uid, gid } = await bench.image();
    execFileSync('chown', ['-R', `${uid}:${gid}`, git]);
    const script = `${TRY}
      try hooks /workspace/.git/hooks; put config /workspace/.git/config evil; try git /workspace/.git
      mv /workspace/.git /workspace/away 2>/dev/null && echo "moved git"
      mv /workspace/.git/hooks /workspace/away 2>/dev/null && echo "moved hooks"
      mv /workspace/.git/config /workspace/away 2>/dev/null && echo "moved config"
      rm -rf /workspace/.git/hooks /workspace/.git/config 2>/dev/null; cd /workspace/.git && echo left *`;
    const kept = parseFindings((await bench.script(script, { place })).stdout);
    expect(kept).toEqual({
      hooks: 'refused',
      config: 'refused',
      git: 'written',
      left: 'config hooks',
    });
    expect(readFileSync(join(git, 'config'), 'utf8')).toBe('[core]\n');
    const open = await bench.scriptChanged(
      script,
      (body) => {
        body.HostConfig.Mounts = body.HostConfig.Mounts.filter(
          ({ Target }) => !Target.includes('.git'),
        );
      },
      { place },
    );
    expect(parseFindings(open.stdout)).toMatchObject({
      hooks: 'written',
      config: 'written',
      moved: 'git',
    });
    expect(existsSync(join(place.workspaceDir, 'away'))).toBe(true);
  });

  it('opens the root file system for danger-full-access, and gives no capability with it', async () => {
    const opened = await under(
      { threadSandbox: 'danger-full-access', turnSandboxPolicy: { type: 'dangerFullAccess' } },
      'try vartmp /var/tmp; try usr /usr; echo "caps $(sed -n "s/^CapBnd:[[:space:]]*//p" /proc/self/status)"; echo "uid $(id -u)"',
    );
    expect(opened).toEqual({
      vartmp: 'written',
      usr: 'refused',
      caps: '0000000000000000',
      uid: found.uid ?? '10001',
    });
  });
});
