import { randomBytes } from 'node:crypto';

import { fileScript, type FrameFiles, type FrameInput, inputScript } from './frame-files.js';
import { quote } from './shell-quote.js';
import {
  type Word,
  validateArgv,
  validateCommandSize,
  validateEnvironment,
} from './environment.js';

/** What a sandbox is told to do, once. Values and arguments may hold any bytes but NUL. */
export interface FrameContent {
  env: Readonly<Record<string, Word>>;
  argv: readonly Word[];
  /** Variables of Risoluto's own, whose names nobody else may use. */
  own?: Readonly<Record<string, string>>;
  /** What the command reads; nothing unless told. */
  input?: FrameInput;
  /** Written before the command begins. */
  files?: FrameFiles;
  /** From `newNonce`; printed as the first line of standard output once the whole frame was read. */
  nonce: string;
}

const OWN_NAME = /^[A-Z][A-Z0-9_]{0,255}$/;
export const NONCE_PATTERN = /^[0-9a-f]{32}$/;

/** 128 random bits that the command cannot know before it runs. */
export function newNonce(): string {
  return randomBytes(16).toString('hex');
}

/** The line that says "the frame arrived whole and the command is being started". */
export function acknowledgement(nonce: string): Buffer {
  return Buffer.from(`risoluto-frame ${nonce}\n`);
}

/**
 * A frame for `/bin/sh -s`: one brace group. A shell runs nothing of a group before it has read its
 * closing brace, which is the last byte, so that no strict prefix of a frame runs anything. Whoever
 * writes it adds a newline, after which the shell need not wait for the end of input.
 *
 * The command is looked up in the sandbox's PATH, and takes the shell's place. A command that cannot
 * be started ends with 127 (not found) or 126, as in any shell; so does one whose files could not be
 * written. Where its input is `open`, a shell may have read what was sent before the acknowledgement,
 * and nothing of what is sent after it.
 *
 * Throws `environment_refused` or `validation_failed`.
 */
export function encodeFrame(content: FrameContent): Buffer {
  const { env, own = {}, argv, nonce, files } = content;
  if (!NONCE_PATTERN.test(nonce)) throw new TypeError('a nonce is 32 hexadecimal digits');
  validateEnvironment(env);
  assertOwn(own);
  validateArgv(argv);
  const all = { ...env, ...own };
  validateCommandSize(all, argv);
  const parts: Buffer[] = [Buffer.from(`{ printf '%s\\n' 'risoluto-frame ${nonce}'\n`)];
  if (files !== undefined) parts.push(fileScript(files));
  parts.push(inputScript(content.input ?? 'nothing'));
  for (const [name, value] of Object.entries(all)) {
    parts.push(Buffer.from(`export ${name}=`), quote(value), Buffer.from('\n'));
  }
  parts.push(Buffer.from('exec'));
  for (const argument of argv) parts.push(Buffer.from(' '), quote(argument));
  parts.push(Buffer.from('\n}'));
  return Buffer.concat(parts);
}

/** A mistake of ours, never a client's. */
function assertOwn(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (!OWN_NAME.test(name) || value.includes('\0')) throw new TypeError(`${name} cannot be set`);
  }
}
