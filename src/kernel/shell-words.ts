const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word of a POSIX shell command in single quotes, whatever characters it holds. */
export function quotedWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** One word of a POSIX shell command, quoted only where it must be. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : quotedWord(text);
}
