const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word of a shell command, whatever characters it holds. */
export function shellWord(text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function lines(...commands: readonly string[]): string {
  return commands.join('\n');
}
