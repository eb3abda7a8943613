import {
  failed,
  passed,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { shellWord } from '../../kernel/shell-words.js';
import { fileRules, readFacts, takeBits, type FileFact } from '../file-modes.js';
import { lines } from '../shell.js';

/** Whether other users of the machine can read or change what is ours. `uid`: the service's. Pure. */
export function judgeFileModes(facts: readonly FileFact[], uid: number): HardeningFinding {
  const open = facts.filter(({ mode, forbidden }) => (mode & forbidden) !== 0);
  const foreign = facts.filter(({ uid: owner }) => owner !== uid && owner !== 0);
  const links = facts.filter(({ link, mayBeLink }) => link && !mayBeLink);
  if (open.length + foreign.length + links.length === 0) {
    return passed(`${facts.length} files and directories are closed to other users.`);
  }
  const told = [
    ...open.map(({ path, mode }) => `${path} has mode ${octal(mode)}`),
    ...foreign.map(({ path, uid: owner }) => `${path} belongs to user ${owner}`),
    ...links.map(({ path }) => `${path} is a link`),
  ];
  return failed(
    `${told.join('; ')}.`,
    lines(
      ...open.map(({ path, forbidden }) => `chmod ${lettersOf(forbidden)} ${shellWord(path)}`),
      ...foreign.map(({ path }) => `sudo chown ${uid} ${shellWord(path)}`),
      ...links.map(({ path }) => `ls -l ${shellWord(path)}`),
    ),
  );
}

const octal = (mode: number) => mode.toString(8).padStart(4, '0');
const lettersOf = (forbidden: number) => (forbidden === 0o077 ? 'go-rwx' : 'o-w');

export interface KeptPaths {
  readonly dataDir: string;
  readonly configFile: string | null;
  readonly masterKeyFile: string | null;
  readonly previousMasterKeyFile?: string | null;
}

export class FileModesCheck implements HardeningCheck {
  readonly id = 'file-modes';
  readonly title = 'Modes of files';
  readonly kind = 'quick';

  constructor(private readonly paths: KeptPaths) {}

  async check(): Promise<HardeningFinding> {
    return judgeFileModes(await this.#facts(), process.geteuid?.() ?? 0);
  }

  /** Only takes bits away, and only from files that are not links. */
  async repair(): Promise<readonly string[]> {
    const done: string[] = [];
    for (const { path, mode, forbidden, link } of await this.#facts()) {
      if ((mode & forbidden) === 0 || link) continue;
      const after = octal(mode & ~forbidden);
      done.push(
        await takeBits(path, forbidden).then(
          () => `${path}: mode ${octal(mode)} is now ${after}`,
          (error: unknown) => `${path}: left as it is (${(error as NodeJS.ErrnoException).code})`,
        ),
      );
    }
    return done;
  }

  async #facts(): Promise<FileFact[]> {
    return readFacts(await fileRules(this.paths));
  }
}
