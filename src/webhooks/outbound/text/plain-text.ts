const ESCAPE = '\u001b';
const BELL = '\u0007';

/** Colours and the like: control sequences, strings for the terminal, two-character escapes. */
const ESCAPES = new RegExp(
  [
    String.raw`(?:${ESCAPE}\[|\u009b)[0-?]*[ -/]*[@-~]`,
    String.raw`${ESCAPE}[\]PX^_][^${BELL}${ESCAPE}\n]*(?:${BELL}|${ESCAPE}\\)?`,
    String.raw`${ESCAPE}[ -/]*[0-~]`,
  ].join('|'),
  'g',
);

const CUT = '…';

/** All other control characters but tab and newline, what turns text around, and what cannot be seen. */
const INVISIBLE = /[^\P{Cc}\t\n]|[\p{Cf}\u2028\u2029]/gu;

/**
 * What a person would have seen of a terminal’s output: without control sequences, and of a line that
 * was written over (progress bars) what was written last.
 */
export function plainText(text: string): string {
  const lines = text.replaceAll(ESCAPES, '').split('\n');
  return lines.map((line) => overwritten(line).replaceAll(INVISIBLE, '')).join('\n');
}

function overwritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}

/** The last lines that are not empty at the end; at most so many, and so many bytes of UTF-8. */
export function lastLines(text: string, lines: number, bytes: number): string {
  const all = text.trimEnd().split('\n');
  const last = lines === 0 ? [] : all.slice(-lines);
  while (last.length > 1 && Buffer.byteLength(last.join('\n')) > bytes) last.shift();
  const joined = Buffer.from(last.join('\n'), 'utf8');
  let start = Math.max(0, joined.length - bytes);
  while (start < joined.length && ((joined[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return joined.toString('utf8', start);
}

/** The beginning, in whole characters; at most so many bytes of UTF-8, and a mark where it was cut. */
export function firstBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text, 'utf8');
  if (whole.length <= bytes) return text;
  let end = bytes - Buffer.byteLength(CUT);
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${whole.toString('utf8', 0, end)}${CUT}`;
}
