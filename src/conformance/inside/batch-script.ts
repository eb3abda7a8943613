/** What became of one script. */
export interface Answer {
  /** What it printed on either stream. */
  readonly output: string;
  /** Null where it did not come to its end, with the sandbox or without. */
  readonly exitCode: number | null;
}

/** One script after the other, each in a shell of its own, between marks that it cannot know. */
const DRIVER = `mark=$1; shift
while [ $# -gt 1 ]; do
  printf '\\n%s begin %s\\n' "$mark" "$1"
  /bin/sh -c "$2" probe </dev/null 2>&1
  printf '\\n%s end %s %s\\n' "$mark" "$1" "$?"
  shift 2
done`;

/** The command that runs these scripts by name; `mark` is a word that none of them prints. */
export function batchCommand(mark: string, scripts: ReadonlyMap<string, string>): string[] {
  return ['/bin/sh', '-c', DRIVER, 'probes', mark, ...[...scripts].flat()];
}

/** Reads what such a command printed. Pure; whatever the text is, each name has an answer. */
export function readBatch(
  mark: string,
  names: Iterable<string>,
  text: string,
): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  for (const name of names) {
    const begin = `\n${mark} begin ${name}\n`;
    const from = text.indexOf(begin);
    if (from === -1) {
      answers.set(name, { output: '', exitCode: null });
      continue;
    }
    const rest = text.slice(from + begin.length);
    const end = new RegExp(`\n${mark} end ${name} (\\d+)\n`).exec(rest);
    const next = rest.indexOf(`\n${mark} `);
    const output = rest.slice(0, end?.index ?? (next === -1 ? undefined : next));
    answers.set(name, { output, exitCode: end === null ? null : Number(end[1]) });
  }
  return answers;
}

/** What a script printed: lines of `NAME value`, the last of each name. */
export function findingsOf({ output }: Answer): Record<string, string> {
  const findings: Record<string, string> = {};
  for (const line of output.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) findings[line.slice(0, space)] = line.slice(space + 1).trim();
  }
  return findings;
}
