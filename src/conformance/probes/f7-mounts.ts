import type { Subject } from '../bench/subject.js';
import { insideProbe } from '../inside-probe.js';
import { MOUNTS_SCRIPT, mountsIn, type Mount } from '../inside/file-scripts.js';

const EXPECTED = new Set([
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
  '/var/tmp',
  '/etc/resolv.conf',
  '/etc/hostname',
  '/etc/hosts',
  '/usr/sbin/docker-init',
  '/sbin/docker-init',
]);
const KERNEL = /^\/(proc|sys)\//;

function isExpected({ path }: Mount, { codex }: Subject): boolean {
  const extra = codex.sandbox.extraMounts.some(({ target }) => target === path);
  return EXPECTED.has(path) || KERNEL.test(path) || extra;
}

export const mounts = insideProbe({
  id: 'F7',
  title: 'Nothing is mounted but workspace, HOME and tmpfs',
  group: 'file system',
  script: () => MOUNTS_SCRIPT,
  problems: (found, subject) => {
    const all = mountsIn(found);
    const ours = all.filter(
      ({ path, root }) => path !== '/etc/resolv.conf' && root.startsWith(subject.dataDir),
    );
    return [
      ...all.filter((one) => !isExpected(one, subject)).map(({ path }) => `${path} is mounted`),
      ...ours.map(({ path, root }) => `${path} shows ${root} of the data directory`),
      ...(all.some(({ path }) => path === '/workspace') ? [] : ['/workspace is not mounted']),
    ];
  },
  unproven: (control) =>
    mountsIn(control).some(({ path }) => path === '/risoluto-extra') ? [] : ['a further mount'],
  seen: (found) =>
    `${mountsIn(found).length} mounts, all of them expected; a further one is found.`,
});
