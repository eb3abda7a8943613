import { randomBytes } from 'node:crypto';

import {
  type Word,
  validateArgv,
  validateCommandSize,
  validateEnvironment,
} from './environment.js';

/** What a sandbox is told to do, once. Values and arguments may hold any bytes but NUL. */
export interface FrameContent {
  env: Readonly<Record<string, Word>>;
  /** Variables of ours, under names that nobody else may set. */
  own?: Readonly<Record<string, string>>;
  argv: readonly Word[];
  /** From `newNonce`; printed as the first line of standard output once the whole frame was read. */
  nonce: string;
}

export const NONCE_PATTERN = /^[0-9a-f]{32}$/;

/** 128 random bits that the command cannot know before it runs. */
export function newNonce(): string {
  return randomBytes(16).toString('hex');
}

/** The line that says "the frame arrived whole and the command is being started". */
export function acknowledgement(nonce: string): Buffer {
  return Buffer.from(`risoluto-frame ${nonce}\n`);
}

const QUOTE = 0x27;
const QUOTED_QUOTE = Buffer.from("'\\''");

/**
 * A frame for `/bin/sh -s`: one brace group. A shell runs nothing of a group before it has read its
 * closing brace, which is the last byte, so that no strict prefix of a frame runs anything. Whoever
 * writes it adds a newline, after which the shell need not wait for the end of input.
 *
 * The command gets `/dev/null` as input, is looked up in the sandbox's PATH, and takes the shell's
 * place. A command that cannot be started ends with 127 (not found) or 126, as in any shell.
 *
 * Throws `environment_refused` or `validation_failed`.
 */
export function encodeFrame({ env, own = {}, argv, nonce }: FrameContent): Buffer {
  if (!NONCE_PATTERN.test(nonce)) throw new TypeError('a nonce is 32 hexadecimal digits');
  validateEnvironment(env);
  validateArgv(argv);
  const all = { ...env, ...own };
  validateCommandSize(all, argv);
  const parts: Buffer[] = [
    Buffer.from(`{ printf '%s\\n' 'risoluto-frame ${nonce}'\nexec </dev/null\n`),
  ];
  for (const [name, value] of Object.entries(all)) {
    parts.push(Buffer.from(`export ${name}=`), quote(value), Buffer.from('\n'));
  }
  parts.push(Buffer.from('exec'));
  for (const argument of argv) parts.push(Buffer.from(' '), quote(argument));
  parts.push(Buffer.from('\n}'));
  return Buffer.concat(parts);
}

/** One shell word that stands for exactly these bytes. */
export function quote(word: Word): Buffer {
  const bytes = Buffer.from(word);
  const parts: Buffer[] = [Buffer.from("'")];
  let from = 0;
  for (let at = bytes.indexOf(QUOTE); at !== -1; at = bytes.indexOf(QUOTE, from)) {
    parts.push(bytes.subarray(from, at), QUOTED_QUOTE);
    from = at + 1;
  }
  parts.push(bytes.subarray(from), Buffer.from("'"));
  return Buffer.concat(parts);
}
