import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A directory (mode 0700) on the file system of what is being made, for as long as it is not whole. */
export class StagingDirectory {
  private constructor(readonly path: string) {}

  /** Makes `<target>.<label>-<pid>`, and removes those whose process was killed. */
  static beside(target: string, label: string): StagingDirectory {
    const directory = dirname(target);
    const prefix = `${basename(target)}.${label}-`;
    for (const name of readdirSync(directory)) {
      const pid = name.startsWith(prefix) ? name.slice(prefix.length) : '';
      if (/^\d{1,10}$/.test(pid) && !isAlive(Number(pid))) {
        rmSync(join(directory, name), { recursive: true, force: true });
      }
    }
    const path = join(directory, `${prefix}${process.pid}`);
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

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
