import type { Word } from './environment.js';

const QUOTE = 0x27;
const QUOTED_QUOTE = Buffer.from("'\\''");

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
