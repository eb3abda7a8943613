import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A directory (mode 0700) on the file system of what is being made, for as long as it is not whole. */
export class StagingDirectory {
  private constructor(readonly path: string) {}

  /**
   * Makes `<target>.<label>-<pid>-<start>`, and removes those whose process was killed, also where
   * another program has its pid by now.
   */
  static beside(target: string, label: string): StagingDirectory {
    const directory = dirname(target);
    const prefix = `${basename(target)}.${label}-`;
    for (const name of readdirSync(directory)) {
      const owner = name.startsWith(prefix) ? name.slice(prefix.length) : '';
      const [, pid, start] = /^(\d{1,10})-(\d{1,20})$/.exec(owner) ?? [];
      if (pid === undefined || start === undefined) continue;
      if (Number(pid) !== process.pid && startOf(Number(pid)) === start) continue;
      rmSync(join(directory, name), { recursive: true, force: true });
    }
    const path = join(directory, `${prefix}${process.pid}-${startOf(process.pid) ?? '0'}`);
    mkdirSync(path, { mode: 0o700 });
    return new StagingDirectory(path);
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** When the process began, in ticks since the machine did; `null` where there is none of that pid. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses, and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
