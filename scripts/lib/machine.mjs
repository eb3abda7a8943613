import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export function isRoot() {
  return process.getuid?.() === 0;
}

/** Debian, or what is made from it with the same package names. */
export function isDebianLike() {
  return /^(debian|ubuntu)$/m.test(
    osRelease('ID') + '\n' + osRelease('ID_LIKE').replaceAll(' ', '\n'),
  );
}

/** @param {string} key of /etc/os-release */
export function osRelease(key) {
  if (!existsSync('/etc/os-release')) return '';
  const line = new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(
    readFileSync('/etc/os-release', 'utf8'),
  );
  return line?.[1] ?? '';
}

export function hasSystemd() {
  return existsSync('/run/systemd/system');
}

/** @param {string} name of a program; the system's own directories are searched besides PATH */
export function hasProgram(name) {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin'];
  return places.some((place) => isExecutable(join(place, name)));
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
