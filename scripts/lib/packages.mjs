import { readdirSync } from 'node:fs';

import { run } from './command.mjs';
import { hasProgram, isDebianLike, isRoot } from './machine.mjs';
import { SetupError } from './setup-error.mjs';

const LISTS = '/var/lib/apt/lists';

/**
 * What the scripts need of the system, by the program that shows that it is there.
 * @type {Readonly<Record<string, string>>}
 */
const PACKAGE_OF = {
  'g++': 'g++',
  make: 'make',
  python3: 'python3',
  pip3: 'python3-pip',
  git: 'git',
  dockerd: 'docker.io',
  'docker-init': 'docker.io',
  docker: 'docker.io',
  sysctl: 'procps',
  runsc: 'runsc',
  nft: 'nftables',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  debootstrap: 'debootstrap',
  apparmor_parser: 'apparmor',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  curl: 'curl',
  openssl: 'openssl',
  jq: 'jq',
  chromium: 'chromium',
  faketime: 'faketime',
  'mkfs.ext4': 'e2fsprogs',
  squid: 'squid',
  tinyproxy: 'tinyproxy-bin',
};

/**
 * Installs what is missing, on Debian or Ubuntu as root; elsewhere throws with what to install.
 *
 * @param {string[]} programs keys of `PACKAGE_OF`
 * @param {string} purpose ends the sentence "… is needed"
 * @param {(line: string) => void} note
 * @returns {Promise<string[]>} the packages that were installed
 */
export async function ensurePrograms(programs, purpose, note) {
  const packages = missingPackages(programs);
  if (packages.length === 0) return [];
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (!isDebianLike()) {
    throw new SetupError(
      `${packages.join(', ')} needed ${purpose}, and this is not Debian or Ubuntu`,
      [`install the counterparts of these Debian packages: ${packages.join(' ')}`],
    );
  }
  if (!isRoot()) {
    throw new SetupError(`${packages.join(', ')} needed ${purpose}`, [`sudo ${command}`]);
  }
  await install(packages, note).catch((error) => {
    throw new SetupError(`could not install ${packages.join(', ')}, needed ${purpose}`, [
      `try by hand: ${command}`,
      ...String(error.message).split('\n').slice(-8),
    ]);
  });
  return packages;
}

/** @param {string[]} programs */
export function missingPackages(programs) {
  const missing = programs.filter((program) => !hasProgram(program));
  return [...new Set(missing.map((program) => PACKAGE_OF[program] ?? program))];
}

/**
 * @param {string[]} packages
 * @param {(line: string) => void} note
 */
async function install(packages, note) {
  const args = ['install', '-y', '-q', '--no-install-recommends', ...packages];
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, onLine: note };
  const haveLists = readdirSync(LISTS).some((name) => name.includes('_Packages'));
  if (haveLists) {
    const installed = await run('apt-get', args, options).then(
      () => true,
      () => false,
    );
    if (installed) return;
  }
  // The lists may name versions that the mirror has replaced since.
  await run('apt-get', ['update', '-q'], options);
  await run('apt-get', args, options);
}
