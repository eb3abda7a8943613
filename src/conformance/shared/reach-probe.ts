import type { Bench } from '../bench/bench.js';
import type { Shape } from '../bench/shape.js';
import type { Subject } from '../bench/subject.js';
import { failed, inconclusive, notApplicable, passed, type Finding } from '../finding.js';
import { findingsOf, type Answer } from '../inside/batch-script.js';
import {
  GATEWAY,
  reachScript,
  readReach,
  type Reach,
  type Reached,
} from '../inside/reach-script.js';
import { worldScript } from '../inside/world-script.js';
import type { Probe } from '../probe.js';

/** A probe that is a list of what must not be reached, from every shape of sandbox that it holds for. */
export interface ReachProbe {
  readonly id: string;
  readonly title: string;
  /** Empty: not applicable, with `reason`. */
  shapes(subject: Subject): readonly Shape[];
  readonly reason?: string;
  tries(bench: Bench): readonly Reach[] | Promise<readonly Reach[]>;
  /** Whether that means that it was reached. Default: anything that answered, also with a refusal. */
  isReached?(reached: Reached): boolean;
  /** What else is wrong, seen from outside; none: empty. */
  outside?(bench: Bench): readonly string[];
}

/** Of nobody; in the unlocked container it stands for what only a sandbox knows. */
const STAND_IN = '192.0.2.77';

export function answered({ outcome }: Reached): boolean {
  return outcome === 'open' || outcome === 'refused';
}

export function reachProbe(spec: ReachProbe): Probe {
  return {
    id: spec.id,
    title: spec.title,
    group: 'network',
    network: true,
    attempt: (bench) => attempt(spec, bench),
  };
}

async function attempt(spec: ReachProbe, bench: Bench): Promise<Finding> {
  const shapes = spec.shapes(bench.subject);
  if (shapes.length === 0) return notApplicable(spec.reason ?? 'the policy has no such sandbox');
  const given = spec.tries(bench);
  const tries = given instanceof Promise ? await given : given;
  const there = tries.map((one) => ({ ...one, host: one.host === GATEWAY ? STAND_IN : one.host }));
  const [sandboxes, control] = await Promise.all([
    Promise.all(shapes.map((shape) => bench.inside(shape, reachScript(tries)))),
    reachedUnlocked(bench, there),
  ]);
  return judgeReach(spec, { tries, sandboxes, control, outside: spec.outside?.(bench) ?? [] });
}

/** The same tries where every address answers; why not, where there is no such place. */
export async function reachedUnlocked(
  bench: Bench,
  tries: readonly Reach[],
): Promise<Answer | { why: string }> {
  try {
    return await bench.unlockedNetwork(worldScript(tries, reachScript(tries)));
  } catch (error) {
    if ((error as Error).name === 'NotApplicable') return { why: (error as Error).message };
    throw error;
  }
}

interface Evidence {
  readonly tries: readonly Reach[];
  readonly sandboxes: readonly Answer[];
  readonly control: Answer | { readonly why: string };
  readonly outside: readonly string[];
}

/** Pure. */
export function judgeReach(
  { isReached = answered }: Pick<ReachProbe, 'isReached'>,
  { tries, sandboxes, control, outside }: Evidence,
): Finding {
  const found = sandboxes.map(findingsOf);
  const missing = found.find((one) => one.missing !== undefined)?.missing;
  if (missing !== undefined) return notApplicable(`the image has not ${missing}`);
  const results = found.map(readReach);
  const reached = results.flatMap((all) =>
    tries.flatMap((one) => {
      const result = all.get(one.name);
      return result && isReached(result) ? [told(one, result)] : [];
    }),
  );
  if (reached.length + outside.length > 0) {
    return failed([...new Set([...reached, ...outside])].join('; '));
  }
  if (results.some((all) => tries.some(({ name }) => !all.has(name)))) {
    return inconclusive('the sandbox ended before all was tried');
  }
  if ('why' in control)
    return notApplicable(`its positive control could not be had: ${control.why}`);
  const unlocked = readReach(findingsOf(control));
  const unproven = tries.filter(({ name }) => {
    const result = unlocked.get(name);
    return result === undefined || !isReached(result) || result.outcome === 'refused';
  });
  if (unproven.length === tries.length) {
    return inconclusive('the same tries reach nothing where nothing stands in the way');
  }
  const rest =
    unproven.length === 0
      ? ''
      : ` Not to be shown here: ${unproven.map(({ name }) => name).join(', ')}.`;
  const places = sandboxes.length === 1 ? '' : ` from each of ${sandboxes.length} kinds of sandbox`;
  return passed(
    `${tries.length - unproven.length} tries${places} reach nothing, and all of them something where nothing stands in the way.${rest}`,
  );
}

function told({ name, host, port, protocol }: Reach, { outcome }: Reached): string {
  return `${name} (${protocol} ${host}${port === 0 ? '' : ` ${port}`}) was reached: ${outcome}`;
}
