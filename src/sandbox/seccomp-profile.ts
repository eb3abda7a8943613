import { readFile } from 'node:fs/promises';

import { GVISOR_SECCOMP_PROFILE } from './gvisor-seccomp.js';
import { controlUnavailable } from './control-unavailable.js';

const KEY = 'codex.sandbox.security.seccompProfile';
const MOST_BYTES = 1024 * 1024;

/**
 * The JSON text of the operator's profile, on one line. Without one: ours under gVisor, else null
 * for the engine's default. Read anew for each sandbox, so that a repaired profile needs no restart.
 * Throws `control_unavailable` when it cannot be read, is no JSON, or filters nothing.
 */
export async function loadSeccompProfile(setting: string, gvisor: boolean): Promise<string | null> {
  if (setting === '') return gvisor ? GVISOR_SECCOMP_PROFILE : null;
  if (setting === 'hardened') {
    throw controlUnavailable(
      KEY,
      "the profile 'hardened' is not part of this version; name a file",
    );
  }
  let text: string;
  try {
    text = await readFile(setting, 'utf8');
  } catch (error) {
    throw controlUnavailable(KEY, 'the profile cannot be read; check its path', error);
  }
  if (text.length > MOST_BYTES) throw controlUnavailable(KEY, 'the profile is too large');
  const profile = parseProfile(text);
  if (profile.defaultAction === undefined) {
    throw controlUnavailable(KEY, 'the profile has no defaultAction');
  }
  if (profile.defaultAction === 'SCMP_ACT_ALLOW' && profile.syscalls.length === 0) {
    throw controlUnavailable(KEY, 'the profile allows every system call');
  }
  return JSON.stringify(profile.content);
}

function parseProfile(text: string) {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw controlUnavailable(KEY, 'the profile is not JSON');
  }
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    throw controlUnavailable(KEY, 'the profile is not a JSON object');
  }
  const { defaultAction, syscalls } = content as { defaultAction?: unknown; syscalls?: unknown };
  return { content, defaultAction, syscalls: Array.isArray(syscalls) ? syscalls : [] };
}
