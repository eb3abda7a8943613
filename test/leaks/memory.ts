import { open, readdir, readFile } from 'node:fs/promises';

import { leaksIn } from './canaries.js';

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Longer than any form of a value that is looked for. */
const OVERLAP_BYTES = 16 * 1024;

/** Processes of the container, as the machine numbers them. */
export async function processesOf(container: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const of = async (pid: string) => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const cgroups = await Promise.all(pids.map(of));
  return pids.filter((_, index) => cgroups[index]?.includes(container)).map(Number);
}

/** Leaks in what the processes of a container have written in their memory. */
export async function leaksInMemory(
  container: string,
  canaries: Readonly<Record<string, string>>,
): Promise<string[]> {
  const found = new Set<string>();
  for (const pid of await processesOf(container)) {
    for await (const bytes of writtenMemory(pid)) {
      for (const leak of leaksIn(bytes, canaries)) found.add(leak);
    }
  }
  return [...found].sort();
}

async function* writtenMemory(pid: number): AsyncGenerator<Buffer> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
  const memory = await open(`/proc/${pid}/mem`).catch(() => null);
  if (memory === null) return;
  try {
    for (const [, from = '0', to = '0'] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)) {
      const end = Number.parseInt(to, 16);
      for (let at = Number.parseInt(from, 16); at < end; at += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES + OVERLAP_BYTES, end - at);
        const bytes = Buffer.alloc(length);
        // What is not there any more, or can not be read, holds nothing.
        const read = await memory.read(bytes, 0, length, at).catch(() => ({ bytesRead: 0 }));
        yield bytes.subarray(0, read.bytesRead);
      }
    }
  } finally {
    await memory.close();
  }
}
