import { statfs } from 'node:fs/promises';

import type { Settings } from '../../config/settings.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { shellWord } from '../../kernel/shell-words.js';

export interface DiskFacts {
  readonly path: string;
  readonly purpose: string;
  readonly freeBytes: number;
  /** Of the file system; `null` for one that does not count them. */
  readonly freeInodes: number | null;
}

const LEAST_INODES = 10_000;
const MiB = 1024 * 1024;
const mebibytes = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;

/** Whether runs can start, and how long still. Pure. */
export function judgeDisk(disks: readonly DiskFacts[], floorBytes: number): HardeningFinding {
  const told = disks.map(({ purpose, freeBytes }) => `${purpose} ${mebibytes(freeBytes)}`);
  const free = `Free: ${told.join(', ')}; runs.minFreeDisk is ${mebibytes(floorBytes)}.`;
  const under = (limit: number) =>
    disks.find(
      ({ freeBytes, freeInodes }) =>
        freeBytes < limit || (freeInodes !== null && freeInodes < LEAST_INODES),
    );
  const remedyFor = ({ path }: DiskFacts) =>
    `sudo du --one-file-system --human-readable --max-depth=2 ${shellWord(path)} | sort --human-numeric-sort | tail -n 20`;
  const full = under(floorBytes);
  if (full) return failed(`${free} No run starts until there is room.`, remedyFor(full));
  const low = under(2 * floorBytes);
  if (low) return warned(`${free} Soon no run will start.`, remedyFor(low));
  return passed(free);
}

export class DiskSpaceCheck implements HardeningCheck {
  readonly id = 'disk-space';
  readonly title = 'Free disk space';
  readonly kind = 'quick';

  constructor(private readonly settings: Settings) {}

  async check(): Promise<HardeningFinding> {
    const { paths, runs } = this.settings;
    const places = [
      { path: paths.workspacesDir, purpose: 'workspaces' },
      { path: paths.dataDir, purpose: 'data directory' },
    ];
    const disks = await Promise.all(places.map(measure));
    return judgeDisk(disks, runs.minFreeDisk);
  }
}

async function measure(place: { path: string; purpose: string }): Promise<DiskFacts> {
  const { bavail, bsize, files, ffree } = await statfs(await existing(place.path));
  return { ...place, freeBytes: bavail * bsize, freeInodes: files === 0 ? null : ffree };
}

/** The path, or the nearest directory above it: workspaces are made when the first run comes. */
async function existing(path: string): Promise<string> {
  const parent = path.slice(0, path.lastIndexOf('/')) || '/';
  return statfs(path).then(
    () => path,
    () => (path === '/' ? path : existing(parent)),
  );
}
