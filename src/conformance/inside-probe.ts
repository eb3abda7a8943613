import type { Bench } from './bench/bench.js';
import { PLAIN, type Shape } from './bench/shape.js';
import type { Subject } from './bench/subject.js';
import { failed, inconclusive, notApplicable, passed, warned, type Finding } from './finding.js';
import { findingsOf, type Answer } from './inside/batch-script.js';
import { NotApplicable, type Group, type Probe } from './probe.js';

/** What a script printed: lines of `NAME value`. */
export type Found = Readonly<Record<string, string>>;

/** What is wrong; with a remedy it is a warning: known, told, and no failure. */
export type Problem = string | { readonly what: string; readonly remedy: string };

/**
 * A probe that is one script and one question. The script runs in the sandbox and in the unlocked
 * container, and both are asked the same question: the sandbox must have no problem, the other must.
 */
export interface InsideProbe {
  readonly id: string;
  readonly title: string;
  readonly group: Group;
  readonly network?: boolean;
  readonly shape?: Shape;
  /** Why it cannot be tried on this subject; null: it can. */
  applies?(subject: Subject): string | null;
  /**
   * For `/bin/sh`, of any image. A line `missing TOOL` says that the image lacks what it needs. A
   * script for each place where they must differ.
   */
  script(subject: Subject, where: 'sandbox' | 'unlocked'): string;
  /** Pure. */
  problems(found: Found, subject: Subject): readonly Problem[];
  /** What the control fails to show, in place of `problems` there; empty: it shows all. Pure. */
  unproven?(control: Found, subject: Subject, found: Found): readonly string[];
  /**
   * Why nothing can be shown here, though the sandbox has no problem: its kernel knows no such thing,
   * as the control tells. Pure.
   */
  vacuous?(control: Found, subject: Subject): string | null;
  /** What was seen, for a pass. Pure. */
  seen(found: Found, control: Found, subject: Subject): string;
}

/** What both places answered; of the control, why there is none. */
interface Evidence {
  readonly sandbox: Answer;
  readonly control: Answer | { readonly why: string };
  readonly subject: Subject;
}

export function insideProbe(spec: InsideProbe): Probe {
  const { id, title, group, network = false, shape = PLAIN } = spec;
  return {
    id,
    title,
    group,
    network,
    async attempt(bench: Bench): Promise<Finding> {
      const { subject } = bench;
      const reason = spec.applies?.(subject) ?? null;
      if (reason !== null) return notApplicable(reason);
      const [sandbox, control] = await Promise.all([
        bench.inside(shape, spec.script(subject, 'sandbox')),
        bench.unlocked(spec.script(subject, 'unlocked')).catch(whyNot),
      ]);
      return judge(spec, { sandbox, control, subject });
    },
  };
}

/** The order of the verdicts: a failure that was seen is one, whatever the control says. Pure. */
export function judge(spec: InsideProbe, { sandbox, control, subject }: Evidence): Finding {
  const found = findingsOf(sandbox);
  if (found.missing !== undefined) return notApplicable(`the image has not ${found.missing}`);
  if (sandbox.exitCode === null) return inconclusive('the sandbox ended before it was tried');
  const problems = spec.problems(found, subject);
  const failures = problems.filter((problem) => typeof problem === 'string');
  if (failures.length > 0) return failed(failures.join('; '));
  if ('why' in control)
    return notApplicable(`its positive control could not be had: ${control.why}`);
  const unlocked = findingsOf(control);
  const vacuous = spec.vacuous?.(unlocked, subject) ?? null;
  if (vacuous !== null) return notApplicable(vacuous);
  if (unlocked.missing !== undefined) {
    return notApplicable(`its positive control needs ${unlocked.missing}, which the image has not`);
  }
  const unproven =
    spec.unproven?.(unlocked, subject, found) ??
    (spec.problems(unlocked, subject).length > 0 ? [] : ['what the sandbox was found without']);
  if (unproven.length > 0) {
    return inconclusive(
      `a container without the controls does not show ${unproven.join(', ')} either, so this proves nothing`,
    );
  }
  const [first, ...rest] = problems.filter((problem) => typeof problem !== 'string');
  if (first === undefined) return passed(spec.seen(found, unlocked, subject));
  return warned([first, ...rest].map(({ what }) => what).join('; '), first.remedy);
}

function whyNot(error: unknown): { why: string } {
  if (error instanceof NotApplicable) return { why: error.message };
  throw error;
}
