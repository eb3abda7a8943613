import { describe, expect, it } from 'vitest';

import { yamlSchema } from '../config/yaml-schema.js';
import type { ContainerCreateBody, ContainerInspection } from './container-engine.js';
import { type ContainerSpecInput, buildContainerSpec } from './container-spec.js';
import { findUnheldControls } from './control-verification.js';
import { effectivePolicy } from './policy.js';

function inputOf(
  codex: Record<string, unknown> = {},
  change: Partial<ContainerSpecInput> = {},
): ContainerSpecInput {
  const settings = yamlSchema.parse({ codex }).codex;
  return {
    policy: effectivePolicy(settings, new Set(Object.keys(codex).map((key) => `codex.${key}`))),
    instanceId: '0123456789abcdef',
    runId: '01RUN',
    issue: 'MT-1',
    turn: 1,
    image: { reference: 'i', id: 'sha256:1', uid: 10001, gid: 10002, path: '/bin' },
    network: { mode: 'bridge', name: 'net', address: '10.1.2.3', mac: '02:00:00:00:00:01' },
    mounts: {
      workspaceDir: '/w',
      homeDir: '/h',
      resolvConf: '/r',
      layout: { roots: [], held: [], sealed: [] },
      extraMounts: [],
    },
    seccompProfile: null,
    outputLimitBytes: 64 * 1024 ** 2,
    hostname: 'abcdef',
    ...change,
  };
}

const mountsOf = ({ HostConfig }: ContainerCreateBody) =>
  HostConfig.Mounts.map(
    ({ Target, ReadOnly, Source }) => `${Target} ${Source} ${ReadOnly ? 'ro' : 'rw'}`,
  );

describe('buildContainerSpec', () => {
  it('ends the input with its writer, but for an agent, which outlives the service', () => {
    expect(buildContainerSpec(inputOf()).StdinOnce).toBe(true);
    expect(buildContainerSpec(inputOf({}, { keepInput: true }))).toMatchObject({
      OpenStdin: true,
      StdinOnce: false,
    });
  });

  it('has every control that no key turns off', () => {
    const body = buildContainerSpec(inputOf());
    expect(body).toMatchObject({
      Image: 'sha256:1',
      User: '10001:10002',
      Entrypoint: ['/bin/sh'],
      Cmd: ['-s'],
      WorkingDir: '/workspace',
      Healthcheck: { Test: ['NONE'] },
      OpenStdin: true,
      StdinOnce: true,
      Tty: false,
      MacAddress: '02:00:00:00:00:01',
      HostConfig: {
        AutoRemove: false,
        RestartPolicy: { Name: 'no' },
        CapAdd: null,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        CgroupnsMode: 'private',
        IpcMode: 'private',
        PidMode: '',
        UTSMode: '',
        Privileged: false,
        GroupAdd: null,
        ReadonlyRootfs: true,
        Memory: 4 * 1024 ** 3,
        MemorySwap: 4 * 1024 ** 3,
        PidsLimit: 512,
        Devices: [],
        Init: true,
        Dns: ['192.0.2.53'],
        LogConfig: { Type: 'local', Config: { 'max-file': '2', compress: 'false' } },
      },
    });
    expect(body.HostConfig.Ulimits).toContainEqual({ Name: 'core', Soft: 0, Hard: 0 });
    expect(body.HostConfig.Runtime).toBeUndefined();
  });

  it('bounds every tmpfs in bytes and inodes, and lets programs run there', () => {
    const { Tmpfs } = buildContainerSpec(inputOf()).HostConfig;
    expect(Object.keys(Tmpfs).sort()).toEqual(['/dev/shm', '/home/agent/.codex-runtime', '/tmp']);
    for (const options of Object.values(Tmpfs)) {
      expect(options).toMatch(
        /^rw,exec,nosuid,nodev,uid=10001,gid=10002,mode=\d+,size=\d+,nr_inodes=\d+$/,
      );
    }
  });

  it('holds nothing of the request but its labels', () => {
    const { Env, Labels } = buildContainerSpec(inputOf());
    expect(Env).toEqual([
      'PATH=/bin',
      'HOME=/home/agent',
      'CODEX_HOME=/home/agent/.codex-runtime',
      'LANG=C.UTF-8',
      'TMPDIR=/tmp',
    ]);
    expect(Labels).toMatchObject({
      'risoluto.instance': '0123456789abcdef',
      'risoluto.issue': 'MT-1',
    });
  });

  it('follows the security settings', () => {
    const security = { gvisor: true, noNewPrivileges: false, dropCapabilities: false };
    const { HostConfig } = buildContainerSpec(
      inputOf({ sandbox: { security } }, { seccompProfile: '{}' }),
    );
    expect(HostConfig).toMatchObject({
      Runtime: 'runsc',
      CapDrop: null,
      SecurityOpt: ['seccomp={}'],
    });
  });

  it.each([
    [{ excludeSlashTmp: true }, '/var/tmp', 'TMPDIR=/var/tmp'],
    [{ excludeSlashTmp: true, excludeTmpdirEnvVar: true }, undefined, undefined],
    [{ excludeTmpdirEnvVar: true }, '/tmp', 'TMPDIR=/tmp'],
  ])('places temporary directories for %o', (rules, place, entry) => {
    const body = buildContainerSpec(
      inputOf({ turnSandboxPolicy: { type: 'workspaceWrite', ...rules } }),
    );
    const places = Object.keys(body.HostConfig.Tmpfs).filter((path) => path.endsWith('tmp'));
    expect(places).toEqual(place ? [place] : []);
    expect(body.Env.find((line) => line.startsWith('TMPDIR'))).toBe(entry);
  });

  it('gives gVisor the threads that it takes for mounts below the workspace', () => {
    const sealed = ['a', 'b'].map((name) => ({
      source: `/w/${name}`,
      target: `/workspace/${name}`,
    }));
    const layout = { roots: [], held: [], sealed };
    const mounts = { ...inputOf().mounts, layout };
    const pids = (gvisor: boolean) =>
      buildContainerSpec(inputOf({ sandbox: { security: { gvisor } } }, { mounts })).HostConfig
        .PidsLimit;
    expect([pids(false), pids(true)]).toEqual([512, 522]);
  });

  it('opens the root filesystem for full access alone, and gives nothing else', () => {
    const { HostConfig, User } = buildContainerSpec(
      inputOf({ threadSandbox: 'danger-full-access' }),
    );
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: false,
      CapDrop: ['ALL'],
      Privileged: false,
    });
    expect(User).toBe('10001:10002');
  });
});

describe('mounts', () => {
  const placed = (target: string) => ({ target, source: target.replace('/workspace', '/w') });
  const withGit = (...roots: string[]) => ({
    mounts: {
      ...inputOf().mounts,
      layout: {
        roots: roots.map(placed),
        held: [placed('/workspace/.git')],
        sealed: [placed('/workspace/.git/hooks'), placed('/workspace/.git/config')],
      },
    },
  });
  const withRoots = (...writableRoots: string[]) => ({
    turnSandboxPolicy: { type: 'workspaceWrite', writableRoots },
  });

  it('are private and take no mount of the host along', () => {
    for (const { BindOptions } of buildContainerSpec(inputOf()).HostConfig.Mounts) {
      expect(BindOptions).toEqual({ Propagation: 'rprivate', NonRecursive: true });
    }
  });

  it('hold .git in place, with hooks and configuration read-only', () => {
    expect(mountsOf(buildContainerSpec(inputOf({}, withGit())))).toEqual([
      '/workspace /w rw',
      '/home/agent /h rw',
      '/workspace/.git /w/.git rw',
      '/workspace/.git/hooks /w/.git/hooks ro',
      '/workspace/.git/config /w/.git/config ro',
      '/etc/resolv.conf /r ro',
    ]);
  });

  it('of a read-only workspace are the workspace alone', () => {
    const mounts = mountsOf(buildContainerSpec(inputOf({ threadSandbox: 'read-only' }, withGit())));
    expect(mounts).toEqual(['/workspace /w ro', '/home/agent /h rw', '/etc/resolv.conf /r ro']);
  });

  it('open the writable roots alone', () => {
    const roots = ['/workspace/a', '/workspace/a/b', '/workspace/c'];
    const mounts = mountsOf(buildContainerSpec(inputOf(withRoots(...roots), withGit(...roots))));
    expect(mounts.slice(0, 4)).toEqual([
      '/workspace /w ro',
      '/home/agent /h rw',
      '/workspace/a /w/a rw',
      '/workspace/c /w/c rw',
    ]);
  });

  it.each([['/workspace/.git'], ['/workspace/.git/hooks'], ['/workspace/.git/hooks/x']])(
    'never open hooks or configuration by the root %s',
    (root) => {
      const mounts = mountsOf(buildContainerSpec(inputOf(withRoots(root), withGit(root))));
      expect(mounts.filter((line) => /hooks|config/.test(line) && line.endsWith('rw'))).toEqual([]);
      expect(new Set(mounts).size).toBe(mounts.length);
      if (root === '/workspace/.git')
        expect(mounts).toContain('/workspace/.git/hooks /w/.git/hooks ro');
    },
  );
});

/** An engine that does as it is told. */
function obedient(body: ContainerCreateBody): ContainerInspection {
  const { NetworkingConfig, HostConfig, ...Config } = structuredClone(body);
  return {
    Id: 'c1',
    Name: '/x',
    Image: body.Image,
    State: {
      Status: 'created',
      Running: false,
      OOMKilled: false,
      ExitCode: 0,
      Error: '',
      StartedAt: '',
      FinishedAt: '',
    },
    HostConfig: { ...HostConfig, MaskedPaths: ['/proc/kcore'], ReadonlyPaths: ['/proc/sys'] },
    Config,
    Mounts: body.HostConfig.Mounts.map(({ Source, Target, ReadOnly }) => ({
      Type: 'bind',
      Source,
      Destination: Target,
      RW: !ReadOnly,
      Propagation: 'rprivate',
    })),
    NetworkSettings: { Networks: NetworkingConfig?.EndpointsConfig ?? {} },
  };
}

describe('findUnheldControls', () => {
  const body = buildContainerSpec(inputOf({ sandbox: { security: { gvisor: true } } }));

  it('finds nothing when the engine did as asked', () => {
    expect(findUnheldControls(body, obedient(body))).toEqual([]);
  });

  const changes: [string, (found: ContainerInspection) => void][] = [
    ['security.gvisor', (found) => (found.HostConfig.Runtime = 'runc')],
    ['security.dropCapabilities', (found) => (found.HostConfig.CapDrop = null)],
    ['capabilities added', (found) => (found.HostConfig.CapAdd = ['NET_ADMIN'])],
    ['privileged', (found) => (found.HostConfig.Privileged = true)],
    [
      'security options',
      (found) => (found.HostConfig.SecurityOpt = ['no-new-privileges', 'seccomp=unconfined']),
    ],
    ['security options', (found) => (found.HostConfig.SecurityOpt = [])],
    ['read-only root filesystem', (found) => (found.HostConfig.ReadonlyRootfs = false)],
    ['masked paths', (found) => (found.HostConfig.MaskedPaths = [])],
    ['resources.memory', (found) => (found.HostConfig.Memory = 0)],
    ['swap limit', (found) => (found.HostConfig.MemorySwap = -1)],
    ['resources.cpus', (found) => (found.HostConfig.NanoCpus = 0)],
    ['resources.pids', (found) => (found.HostConfig.PidsLimit = null)],
    ['ulimits', (found) => found.HostConfig.Ulimits.pop()],
    ['resources.tmpfs', (found) => delete found.HostConfig.Tmpfs['/tmp']],
    ['private cgroup namespace', (found) => (found.HostConfig.CgroupnsMode = 'host')],
    ['private pid namespace', (found) => (found.HostConfig.PidMode = 'host')],
    ['no devices', (found) => (found.HostConfig.Devices = [{}])],
    ['extra groups', (found) => (found.HostConfig.GroupAdd = ['docker'])],
    ['init', (found) => (found.HostConfig.Init = false)],
    ['log driver', (found) => (found.HostConfig.LogConfig.Type = 'json-file')],
    ['mounts', (found) => (found.Mounts[0]!.RW = !found.Mounts[0]!.RW)],
    ['mounts', (found) => (found.Mounts[0]!.Propagation = 'rshared')],
    [
      'mounts',
      (found) =>
        found.Mounts.push({
          Type: 'volume',
          Source: '',
          Destination: '/v',
          RW: true,
          Propagation: '',
        }),
    ],
    ['user', (found) => (found.Config.User = '')],
    ['entrypoint', (found) => (found.Config.Cmd = ['-c', 'x'])],
    ['environment', (found) => found.Config.Env.shift()],
    ['labels', (found) => (found.Config.Labels = {})],
    ['network', (found) => (found.HostConfig.NetworkMode = 'host')],
    ['one network', (found) => (found.NetworkSettings.Networks.bridge = {})],
    ['network address', (found) => (found.NetworkSettings.Networks.net!.IPAMConfig = null)],
  ];
  it.each(changes)('finds that %s does not hold', (control, change) => {
    const found = obedient(body);
    change(found);
    expect(findUnheldControls(body, found).map((unheld) => unheld.control)).toContain(control);
  });
});
