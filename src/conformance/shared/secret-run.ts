import type { ContainerInspection } from '../../sandbox/container-engine.js';
import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { findingsOf } from '../inside/batch-script.js';
import { NotApplicable } from '../probe.js';

/** A run that was given one of two secrets, looked at from inside and from outside while it lived. */
export interface SecretRun {
  readonly id: string;
  /** The value that it was given; the other one was stored and given to nobody. */
  readonly named: string;
  readonly other: string;
  readonly found: Readonly<Record<string, string>>;
  readonly output: string;
  readonly image: string;
  /** Null where the engine cannot be reached from here. */
  readonly containers: readonly ContainerInspection[] | null;
}

/**
 * Looks for both values, by a pattern that stands in no command line: how many processes have it in
 * their environment, how many in their command line, and how many once one is planted there. Then it
 * prints the value that it has, in the forms in which values are carried off.
 */
const SCRIPT = (nonce: string, name: string) => `
place=\${TMPDIR:-/home/agent}
printf '%sA' ${nonce} > $place/a; printf '%sB' ${nonce} > $place/b
count() { grep -lf "$1" $2 2>/dev/null | wc -l; }
echo "environments-a $(count $place/a '/proc/[0-9]*/environ')"
echo "environments-b $(count $place/b '/proc/[0-9]*/environ')"
echo "commands-a $(count $place/a '/proc/[0-9]*/cmdline')"
echo "commands-b $(count $place/b '/proc/[0-9]*/cmdline')"
sh -c 'sleep 3; :' "$(cat $place/a)" &
sleep 0.3
echo "planted-a $(count $place/a '/proc/[0-9]*/cmdline')"
value=$(printenv ${name} || eval "printf %s \\"\\$${name}\\"")
echo "marker plain-${nonce}"
echo "raw $value"
printf 'split %s' "\${value%????????}"; sleep 0.2; echo "\${value#"\${value%????????}"}"
command -v base64 >/dev/null && echo "base64 $(printf %s "$value" | base64)"
command -v od >/dev/null && echo "hex $(printf %s "$value" | od -An -v -tx1 | tr -d ' \\n')"
rm -f $place/a $place/b
echo up; sleep 100`;

/** @throws NotApplicable where the service stores no secrets */
export function secretRun(bench: Bench): Promise<SecretRun> {
  return bench.once('secret-run', () => observed(bench));
}

async function observed(bench: Bench): Promise<SecretRun> {
  const { nonce } = bench;
  // Lines that a value is masked in end with it, so it is told from its neighbours by more than case.
  const [named, other] = [`${nonce}A7pQx9Lk2Vd`, `${nonce}B3mRw8Tz5Yc`];
  const name = await stored(bench, named, other);
  const run = await bench.hold({ shape: PLAIN, script: SCRIPT(nonce, name), secrets: [name] });
  try {
    const containers = await bench
      .engine()
      .then((engine) => engine.containersOf(run.id))
      .catch(nullWhereNone);
    const [output, report] = await Promise.all([run.output(), run.report()]);
    const found = findingsOf({ output, exitCode: 0 });
    return { id: run.id, named, other, found, output, image: report.image.id, containers };
  } finally {
    await run.end();
  }
}

async function stored(bench: Bench, named: string, other: string): Promise<string> {
  try {
    const name = await bench.secret('A', named);
    await bench.secret('B', other);
    return name;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== 'secrets_locked') throw error;
    throw new NotApplicable('the service has no master key, and so no secrets');
  }
}

function nullWhereNone(error: unknown): null {
  if (error instanceof NotApplicable) return null;
  throw error;
}

/** The forms in which a value is looked for. */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  return [value, bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
}

export function holds(text: string, value: string): boolean {
  const lower = text.toLowerCase();
  return formsOf(value).some((form) => text.includes(form) || lower.includes(form.toLowerCase()));
}
