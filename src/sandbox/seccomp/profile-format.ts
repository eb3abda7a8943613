import { z } from 'zod';

/** What a call that matches is answered with; those of the first list are let through. */
const LET_THROUGH = ['SCMP_ACT_ALLOW', 'SCMP_ACT_LOG'];
const ACTIONS = [
  ...LET_THROUGH,
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_TRACE',
];

const OPERATORS = ['NE', 'LT', 'LE', 'EQ', 'GE', 'GT', 'MASKED_EQ'].map((op) => `SCMP_CMP_${op}`);

const ARCHITECTURES = (
  'X86 X86_64 X32 ARM AARCH64 LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 ' +
  'PARISC PARISC64 PPC PPC64 PPC64LE RISCV64 S390 S390X SH SHEB'
)
  .split(' ')
  .map((name) => `SCMP_ARCH_${name}`);

const EPERM = 1;
const MOST_ERRNO = 4095;

const known = (what: string, names: readonly string[]) =>
  z.string().refine((name) => names.includes(name), {
    error: ({ input }) => `${JSON.stringify(input)} is no ${what}`,
  });

const errno = z.number().int().min(0).max(MOST_ERRNO);
const number = z
  .number()
  .min(0)
  .max(2 ** 64);
const action = known('action', ACTIONS);
const architecture = known('architecture', ARCHITECTURES);
const filter = z
  .strictObject({
    caps: z.array(z.string()).nullish(),
    arches: z.array(z.string()).nullish(),
    minKernel: z.string().nullish(),
  })
  .nullish();

const argumentSchema = z.strictObject({
  index: z.number().int().min(0).max(5),
  value: number,
  valueTwo: number.optional(),
  op: known('comparison', OPERATORS),
});

const callName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]*$/, { error: 'must be the name of a system call' });

const ruleSchema = z.strictObject({
  name: callName.or(z.literal('')).optional(),
  names: z.array(callName).nullish(),
  action,
  errnoRet: errno.nullish(),
  args: z.array(argumentSchema).nullish(),
  comment: z.string().nullish(),
  includes: filter,
  excludes: filter,
});

const profileSchema = z.strictObject({
  defaultAction: action,
  defaultErrnoRet: errno.nullish(),
  architectures: z.array(architecture).nullish(),
  archMap: z
    .array(z.strictObject({ architecture, subArchitectures: z.array(architecture).nullish() }))
    .nullish(),
  flags: z.array(z.string()).nullish(),
  syscalls: z.array(ruleSchema).nullish(),
});

export type SeccompArgument = z.output<typeof argumentSchema>;
export type SeccompRule = z.output<typeof ruleSchema>;
export type SeccompProfile = z.output<typeof profileSchema>;

/**
 * Why `content` is no profile that an engine takes and that filters something; `null`: it is one. Names
 * the first place that is wrong. An engine would pass over a misspelt key in silence, and a runtime over
 * a name of a system call that it does not know: the first is found here, the second is not. Pure.
 */
export function profileProblem(content: unknown, { gvisor }: { gvisor: boolean }): string | null {
  if (content === null || typeof content !== 'object' || Array.isArray(content)) {
    return 'the profile is not a JSON object';
  }
  if (!('defaultAction' in content)) return 'the profile has no defaultAction';
  const { data, error } = profileSchema.safeParse(content);
  if (error) return sentenceOf(error);
  return shapeProblem(data) ?? (gvisor ? errnoProblem(data) : null) ?? allowsAll(data);
}

function sentenceOf({ issues: [issue] }: z.ZodError): string {
  const place = placeOf(issue?.path ?? []);
  if (issue?.code === 'unrecognized_keys') {
    const at = place === '' ? '' : ` in ${place}`;
    return `the profile has an unknown key ${JSON.stringify(issue.keys[0])}${at}, which an engine would pass over; remove it`;
  }
  return `the profile is wrong at ${place}: ${issue?.message ?? 'it is invalid'}`;
}

function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

function shapeProblem({ architectures, archMap, syscalls }: SeccompProfile): string | null {
  if (architectures?.length && archMap?.length) {
    return 'the profile has both architectures and archMap; an engine takes one of them';
  }
  for (const [index, rule] of (syscalls ?? []).entries()) {
    const place = `the profile is wrong at syscalls[${index}]`;
    const names = namesOf(rule);
    if (names.length === 0) return `${place}: it names no system call; give it names`;
    if (rule.name && rule.names?.length) return `${place}: it has both name and names; leave one`;
    if (rule.errnoRet !== undefined && rule.errnoRet !== null && !answersErrno(rule.action)) {
      return `${place}: errnoRet has no meaning with ${rule.action}`;
    }
  }
  return null;
}

/** runsc gives EPERM whatever a profile says, so that a program waits in vain for what it says. */
function errnoProblem({ defaultErrnoRet, syscalls }: SeccompProfile): string | null {
  const places = [
    ['defaultErrnoRet', defaultErrnoRet] as const,
    ...(syscalls ?? []).map(
      ({ errnoRet }, index) => [`syscalls[${index}].errnoRet`, errnoRet] as const,
    ),
  ];
  const found = places.find(([, value]) => typeof value === 'number' && value !== EPERM);
  if (!found) return null;
  return `the profile asks for error ${found[1]} at ${found[0]}, and gVisor answers ${EPERM} (EPERM) to all that is denied; leave it out, or use hardened`;
}

function allowsAll({ defaultAction, syscalls }: SeccompProfile): string | null {
  if (denies(defaultAction) || (syscalls ?? []).some((rule) => denies(rule.action))) return null;
  return 'the profile allows every system call; deny some, or use hardened';
}

const denies = (one: string) => !LET_THROUGH.includes(one);
const answersErrno = (one: string) => one === 'SCMP_ACT_ERRNO' || one === 'SCMP_ACT_TRACE';

export function namesOf({ name, names }: SeccompRule): string[] {
  return names?.length ? names : name ? [name] : [];
}
