import {
  namesOf,
  type SeccompArgument,
  type SeccompProfile,
} from '../../src/sandbox/seccomp/profile-format.js';

const MASK_64 = (1n << 64n) - 1n;

/** What a filter made from `profile` answers to a call, as libseccomp and runsc understand profiles. */
export function decisionOf(
  profile: SeccompProfile,
  call: string,
  args: readonly (number | bigint)[] = [],
): string {
  const registers = args.map((value) => BigInt(value) & MASK_64);
  const rules = (profile.syscalls ?? []).filter(
    (rule) =>
      namesOf(rule).includes(call) &&
      (rule.args ?? []).every((wanted) => holds(wanted, registers[wanted.index] ?? 0n)),
  );
  const actions = new Set(rules.map(({ action }) => action));
  if (actions.size > 1) throw new Error(`${call} matches rules that contradict each other`);
  return [...actions][0] ?? profile.defaultAction;
}

function holds({ op, value, valueTwo }: SeccompArgument, register: bigint): boolean {
  const wanted = BigInt(value);
  if (op === 'SCMP_CMP_EQ') return register === wanted;
  if (op === 'SCMP_CMP_GT') return register > wanted;
  if (op === 'SCMP_CMP_MASKED_EQ') return (register & wanted) === BigInt(valueTwo ?? 0);
  throw new Error(`${op} is not used in a profile of ours`);
}
