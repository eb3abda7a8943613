import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { isSendable } from '../route-credential.js';
import { fingerprintOf, type HostLogin } from './login-tokens.js';

const MOST_BYTES = 64 * 1024;
/** Bits of the mode by which others than the owner read or change a file. */
const OTHERS = 0o077;

const text = z.string().min(1).max(16_384);
const fileSchema = z.object({
  auth_mode: z.string().nullish(),
  OPENAI_API_KEY: z.string().nullish(),
  tokens: z
    .object({
      access_token: text,
      refresh_token: text,
      id_token: text,
      account_id: z.string().max(1000).nullish(),
    })
    .nullish(),
});

/** `passing`: it may be that Codex is writing the file. */
export type AuthFile =
  { readonly login: HostLogin } | { readonly problem: string; readonly passing: boolean };

/** The file that a setting `codexAuth` means. */
export function authFilePath(setting: string | true): string {
  return setting === true ? join(homedir(), '.codex', 'auth.json') : setting;
}

/** Reads it, and never writes. What is wrong with it is told without a word of its content. */
export async function readAuthFile(path: string): Promise<AuthFile> {
  let file: FileHandle | null = null;
  try {
    // A link would let whoever owns its place say which file is read; NONBLOCK: a pipe would wait.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return lasting(`${path} is no regular file`);
    if ((stat.mode & OTHERS) !== 0) {
      return lasting(`others than its owner may read or change ${path}: chmod 600 it`);
    }
    if (stat.size > MOST_BYTES) return lasting(`${path} is too large for an auth.json of Codex`);
    return contentOf(path, await file.readFile('utf8'));
  } catch (error) {
    return lasting(openProblem(path, (error as NodeJS.ErrnoException).code));
  } finally {
    await file?.close();
  }
}

function contentOf(path: string, content: string): AuthFile {
  const passing = { problem: `${path} is no auth.json of Codex`, passing: true };
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    return passing;
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) return passing;
  const { auth_mode: mode, OPENAI_API_KEY: key, tokens: found } = parsed.data;
  const apiKey = key?.trim() || null;
  const tokens =
    !found || (mode?.toLowerCase() === 'apikey' && apiKey !== null)
      ? null
      : {
          access: found.access_token,
          refresh: found.refresh_token,
          id: found.id_token,
          account: found.account_id || null,
        };
  if (tokens === null && apiKey === null) {
    return lasting(`${path} holds neither tokens nor a key: log in with Codex on the host`);
  }
  const sent = tokens === null ? [apiKey ?? ''] : [tokens.access, tokens.account ?? '-'];
  if (!sent.every(isSendable)) return lasting(`${path} holds what no header can carry`);
  return { login: { apiKey, tokens, fingerprint: fingerprintOf(apiKey, tokens) } };
}

function openProblem(path: string, code = 'unknown'): string {
  if (code === 'ENOENT') return `${path} does not exist: log in with Codex on the host`;
  if (code === 'ELOOP') return `${path} is a link, and must be the file itself`;
  return `${path} cannot be read (${code})`;
}

function lasting(problem: string): AuthFile {
  return { problem, passing: false };
}
