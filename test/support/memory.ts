import { readFile, writeFile } from 'node:fs/promises';

/** What a process holds in memory now, in bytes. */
export function residentBytes(pid: number): Promise<number> {
  return statusBytes(pid, 'VmRSS');
}

/** The most that a process holds in memory from now on, over what it holds now. */
export async function watchPeak(pid: number): Promise<{ growthBytes: () => Promise<number> }> {
  // Its own record of that begins anew.
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const before = await residentBytes(pid);
  return { growthBytes: async () => (await statusBytes(pid, 'VmHWM')) - before };
}

async function statusBytes(pid: number, name: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
  return Number(kilobytes) * 1024;
}
