import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { engine } from '../support/engine.js';
import type { RunningService } from '../support/service.js';

/** Ids of all containers, running or not, that carry the service's label. */
export async function containersOf(service: RunningService, runId?: string): Promise<string[]> {
  const instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
  const label = [`risoluto.instance=${instance}`, ...(runId ? [`risoluto.run=${runId}`] : [])];
  const found = await engine().listContainers({ all: true, filters: { label } });
  return found.map(({ Id }) => Id);
}

/** What tells the engine that a sandbox is the service's. */
export async function labelsOf(service: RunningService): Promise<Record<string, string>> {
  const instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
  return { 'risoluto.instance': instance, 'risoluto.sandbox': 'true' };
}

export async function volumes(): Promise<string[]> {
  const { Volumes } = await engine().listVolumes();
  return (Volumes ?? []).map(({ Name }) => Name).sort();
}

/** Files that were made for single runs and mounted into their sandboxes. */
export function runFiles(service: RunningService): Promise<string[]> {
  return readdir(join(service.dataDir, 'resolv')).catch(() => []);
}

/** Files below the data directory in which the bytes of `text` stand. */
export async function filesWith(service: RunningService, text: string): Promise<string[]> {
  const entries = await readdir(service.dataDir, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  const found: string[] = [];
  for (const path of paths) if ((await readFile(path)).includes(text)) found.push(path);
  return found;
}
