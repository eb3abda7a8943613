import { ID_PATTERN } from '../kernel/ids.js';
import type { ToolCall, ToolResult } from './fence-tools.js';

/**
 * The helper's loop. A request is one line, `<id> <argv> <input>`: arguments joined by line feeds
 * and the input, each base64 (`-` for an empty input). An answer is one line,
 * `<id> <exit code> <stdout> <stderr>`, likewise. Only the three tools of the fence are run.
 */
export const HELPER_LOOP = `set -u
while read -r id argv input; do
  [ "$input" = - ] && input=
  argv=$(printf %s "$argv" | base64 -d)
  set -f; IFS='
'; set -- $argv; unset IFS; set +f
  case \${1-} in
    nft|conntrack|ip) printf %s "$input" | base64 -d | timeout 5 "$@" >/tmp/out 2>/tmp/err; code=$? ;;
    *) : >/tmp/out; echo refused >/tmp/err; code=126 ;;
  esac
  printf '%s %s %s %s\\n' "$id" "$code" "$(base64 -w0 </tmp/out | grep . || echo -)" "$(base64 -w0 </tmp/err | grep . || echo -)"
done`;

export const HELPER_ARGV: readonly string[] = ['/bin/sh', '-c', HELPER_LOOP];

const encode = (text: string) => (text === '' ? '-' : Buffer.from(text).toString('base64'));
const decode = (text: string) => (text === '-' ? '' : Buffer.from(text, 'base64').toString());

/** Throws `TypeError` for an argument that the line cannot carry. */
export function encodeRequest(id: string, { argv, input }: ToolCall): string {
  if (!ID_PATTERN.test(id)) throw new TypeError('not an id');
  if (argv.some((argument) => argument === '' || /[\n\0]/.test(argument))) {
    throw new TypeError('an argument of a tool is empty or holds a line feed');
  }
  return `${id} ${encode(argv.join('\n'))} ${encode(input)}`;
}

/** `null` for a line that is no answer. */
export function decodeAnswer(line: string): { id: string; result: ToolResult } | null {
  const match = /^(\S+) (\d{1,3}) ([A-Za-z0-9+/=]+|-) ([A-Za-z0-9+/=]+|-)$/.exec(line);
  const [, id, code, stdout, stderr] = match ?? [];
  if (!id || !code || !stdout || !stderr) return null;
  return { id, result: { exitCode: Number(code), stdout: decode(stdout), stderr: decode(stderr) } };
}
