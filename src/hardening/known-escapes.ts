/** A published way out of a container, or around a control that sandboxes rely on. */
export interface KnownEscape {
  readonly cve: string;
  /** As the engine names it in `GET /version`, in lower case. */
  readonly component: 'engine' | 'containerd' | 'runc';
  /** The first release without it on each release line that got one, oldest first. */
  readonly fixedIn: readonly string[];
  readonly what: string;
}

/**
 * Looked up in the projects' own advisories on 2026-11-23, but where it says “as indexed”. Distributions carry fixes back under older
 * version numbers, so a number below these is a question, not a verdict.
 */
export const KNOWN_ESCAPES: readonly KnownEscape[] = [
  {
    cve: 'CVE-2024-21626',
    component: 'runc',
    fixedIn: ['1.1.12'],
    what: 'a leaked descriptor gives a container the host’s file system',
  },
  {
    cve: 'CVE-2025-31133',
    component: 'runc',
    fixedIn: ['1.2.8', '1.3.3', '1.4.0'],
    what: 'masked paths can be replaced by a link to the host’s /proc',
  },
  {
    cve: 'CVE-2025-52565',
    component: 'runc',
    fixedIn: ['1.2.8', '1.3.3', '1.4.0'],
    what: 'the mount of /dev/console can be turned onto the host’s /proc',
  },
  {
    cve: 'CVE-2025-52881',
    component: 'runc',
    fixedIn: ['1.2.8', '1.3.3', '1.4.0'],
    what: 'writes to /proc can be redirected, past the security module’s label',
  },
  {
    cve: 'CVE-2022-23648',
    component: 'containerd',
    fixedIn: ['1.4.13', '1.5.10', '1.6.1'],
    what: 'an image can have files of the host copied into its container',
  },
  {
    cve: 'CVE-2024-25621',
    component: 'containerd',
    fixedIn: ['1.7.29', '2.0.7', '2.1.5', '2.2.0'],
    what: 'directories of the runtime are open to other users of the host',
  },
  {
    cve: 'CVE-2021-41091',
    component: 'engine',
    fixedIn: ['20.10.9'],
    what: 'users of the host can run set-uid programs out of containers’ directories',
  },
  {
    cve: 'CVE-2022-36109',
    component: 'engine',
    fixedIn: ['20.10.18'],
    what: 'supplementary groups are set up wrongly',
  },
  {
    cve: 'CVE-2024-29018',
    component: 'engine',
    fixedIn: ['23.0.11', '25.0.5', '26.0.0'],
    what: 'the engine’s resolver asks outside for a network that is internal',
  },
  {
    cve: 'CVE-2025-54410',
    component: 'engine',
    fixedIn: ['25.0.13', '28.0.0'],
    what: 'a reload of firewalld removes the isolation between bridge networks',
  },
  {
    cve: 'CVE-2026-92543',
    component: 'engine',
    fixedIn: ['29.8.2'],
    what: 'Docker Engine below 29.8.2, as indexed; the project’s own advisory was not read',
  },
];

/** Whether the number alone says that the fix is not in it; false for one that cannot be read. */
export function isOlderThanFix(version: string, fixedIn: readonly string[]): boolean {
  const found = numbersOf(version);
  if (found === null) return false;
  const fixes = fixedIn.map(numbersOf).filter((fix) => fix !== null);
  const sameLine = fixes.find((fix) => fix[0] === found[0] && fix[1] === found[1]);
  if (sameLine) return compare(found, sameLine) < 0;
  const newest = fixes.at(-1);
  return newest !== undefined && compare(found, newest) < 0;
}

type Numbers = readonly [major: number, minor: number, patch: number];

function numbersOf(version: string): Numbers | null {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : null;
}

function compare(one: Numbers, other: Numbers): number {
  const index = one.findIndex((part, at) => part !== other[at]);
  return index === -1 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}
