import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { HARDENED_PROFILE } from '../../config/seccomp-setting.js';
import { INSTALLATION } from '../../kernel/installation.js';
import { controlUnavailable } from '../control-unavailable.js';
import { GVISOR_SECCOMP_PROFILE } from './gvisor-profile.js';
import { profileProblem } from './profile-format.js';

const KEY = 'codex.sandbox.security.seccompProfile';
const MOST_BYTES = 1024 * 1024;

/** The profile that `hardened` stands for under runc, beside the rest of what an operator reads. */
export const HARDENED_FILE: string = join(INSTALLATION, 'config/seccomp/hardened.json');

/**
 * The JSON text of the profile for a setting, on one line; `null` for the engine's default. Ours where
 * the setting is `hardened`, and under gVisor where it is empty. Read anew for each sandbox, so that a
 * repaired profile needs no restart. Throws `control_unavailable` when the profile cannot be read, an
 * engine would refuse it or pass over a part of it, or it denies nothing.
 */
export async function loadSeccompProfile(setting: string, gvisor: boolean): Promise<string | null> {
  if (gvisor && (setting === '' || setting === HARDENED_PROFILE)) return GVISOR_SECCOMP_PROFILE;
  if (setting === '') return null;
  const text =
    setting === HARDENED_PROFILE
      ? await readProfile(
          HARDENED_FILE,
          'config/seccomp/hardened.json is missing; install it again',
        )
      : await readProfile(setting, 'the profile cannot be read; check its path');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw controlUnavailable(KEY, 'the profile is not JSON');
  }
  const problem = profileProblem(content, { gvisor });
  if (problem !== null) throw controlUnavailable(KEY, problem);
  // Never through a JavaScript number: an argument of a rule may need all 64 bits. In JSON a line break
  // stands between words only.
  return text.replace(/[\r\n\t]+ */g, ' ').trim();
}

async function readProfile(path: string, missing: string): Promise<string> {
  // Else a FIFO would wait for its other end.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((error: unknown) => {
    throw controlUnavailable(KEY, missing, error);
  });
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw controlUnavailable(KEY, 'the profile is no regular file');
    if (found.size > MOST_BYTES) throw controlUnavailable(KEY, 'the profile is too large');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
