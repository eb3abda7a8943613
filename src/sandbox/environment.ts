import { DomainError, type ErrorDetail } from '../kernel/domain-error.js';

/** The kernel's MAX_ARG_STRLEN: one argument, or one `NAME=value`, with its ending NUL. */
export const ARGUMENT_LIMIT_BYTES = 128 * 1024;

/**
 * All arguments and variables together, with the pointers to them. Linux allows a quarter of the
 * stack limit (2 MiB of Docker's 8 MiB) and gVisor 2 MiB; the rest is for what the image sets.
 */
export const COMMAND_LIMIT_BYTES = 1536 * 1024;

/** Text, or bytes as they are. */
export type Word = string | Buffer;

const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/;
/** Half of a UTF-16 pair has no UTF-8 form and would arrive as another character. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const DASH = 0x2d;
const POINTER_BYTES = 8;

/** Names that a shell obeys before it runs anything, or cannot assign. */
const SHELL_NAMES = new Set(
  (
    'BASHOPTS BASHPID BASH_ALIASES BASH_ARGC BASH_ARGV BASH_ARGV0 BASH_CMDS BASH_COMMAND BASH_COMPAT ' +
    'BASH_ENV BASH_EXECUTION_STRING BASH_LOADABLES_PATH BASH_XTRACEFD CDPATH ENV EUID FPATH FUNCNAME ' +
    'GLOBIGNORE IFS LINENO OLDPWD OPTARG OPTERR OPTIND PATH POSIXLY_CORRECT ' +
    'PPID PROMPT_COMMAND PS0 PS1 PS2 PS3 PS4 PWD SHELL SHELLOPTS SHLVL UID ZDOTDIR _'
  ).split(' '),
);

/** Names that the C library and its loader obey in every program that starts. */
const LOADER_NAMES = new Set(
  (
    'GCONV_PATH GETCONF_DIR GLIBC_TUNABLES HOSTALIASES LOCALDOMAIN LOCPATH MALLOC_TRACE NIS_PATH ' +
    'NLSPATH RESOLV_HOST_CONF RES_OPTIONS TZDIR'
  ).split(' '),
);

/** Names that describe the sandbox itself. */
const OWN_NAMES = new Set(['HOME', 'CODEX_HOME', 'TMPDIR', 'HOSTNAME']);
const REFUSED_PREFIXES = ['LD_', 'RISOLUTO_', 'BASH_FUNC_'];

/** True for a name that no request, secret or passthrough may set. */
export function isReservedName(name: string): boolean {
  return (
    SHELL_NAMES.has(name) ||
    LOADER_NAMES.has(name) ||
    OWN_NAMES.has(name) ||
    REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix))
  );
}

/**
 * Throws `environment_refused` that names every refused variable as `<field>.<name>`, and no value.
 * What passes can be exported by any POSIX shell and handed over by the kernel unchanged.
 */
export function validateEnvironment(
  environment: Readonly<Record<string, Word>>,
  field = 'env',
): void {
  const details: ErrorDetail[] = [];
  for (const [name, value] of Object.entries(environment)) {
    const message = environmentProblem(name, value);
    if (message) details.push({ field: `${field}.${name.slice(0, 256)}`, message });
  }
  if (details.length > 0) {
    throw new DomainError('environment_refused', 'The environment cannot be set as asked', {
      details,
    });
  }
}

function environmentProblem(name: string, value: Word): string | null {
  if (!NAME_PATTERN.test(name))
    return 'must be a name of letters, digits and _, not led by a digit';
  if (isReservedName(name)) return 'is reserved for the shell, the loader or the sandbox';
  const problem = wordProblem(value);
  if (problem) return problem;
  if (Buffer.byteLength(name) + Buffer.byteLength(value) + 2 > ARGUMENT_LIMIT_BYTES) {
    return 'must be shorter than 128 KiB, name included';
  }
  return null;
}

/** Throws `validation_failed` that names the first bad argument as `<field>.<index>`. */
export function validateArgv(argv: readonly Word[], field = 'command'): void {
  const details: ErrorDetail[] = [];
  const refuse = (at: string, message: string) => details.push({ field: at, message });
  if (argv[0] === undefined || argv[0].length === 0) refuse(field, 'must name a command');
  if (argv[0] !== undefined && Buffer.from(argv[0])[0] === DASH)
    refuse(`${field}.0`, 'must not begin with a dash');
  const badIndex = argv.findIndex((argument) => argumentProblem(argument) !== null);
  const bad = argv[badIndex];
  if (bad !== undefined) refuse(`${field}.${badIndex}`, argumentProblem(bad) ?? '');
  if (details.length > 0) {
    throw new DomainError('validation_failed', 'The command cannot be run as asked', { details });
  }
}

function argumentProblem(argument: Word): string | null {
  const problem = wordProblem(argument);
  if (problem) return problem;
  return Buffer.byteLength(argument) + 1 > ARGUMENT_LIMIT_BYTES
    ? 'must be shorter than 128 KiB'
    : null;
}

function wordProblem(word: Word): string | null {
  if (word.includes('\0')) return 'must not contain NUL';
  if (typeof word === 'string' && LONE_SURROGATE.test(word)) return 'must be valid Unicode';
  return null;
}

/** Throws `validation_failed` when command and environment together pass what an exec can carry. */
export function validateCommandSize(
  environment: Readonly<Record<string, Word>>,
  argv: readonly Word[],
  field = 'command',
): void {
  let total = 0;
  for (const argument of argv) total += Buffer.byteLength(argument) + 1 + POINTER_BYTES;
  for (const [name, value] of Object.entries(environment)) {
    total += Buffer.byteLength(name) + Buffer.byteLength(value) + 2 + POINTER_BYTES;
  }
  if (total <= COMMAND_LIMIT_BYTES) return;
  throw new DomainError('validation_failed', 'The command and its environment are too large', {
    details: [
      {
        field,
        message: `with its environment must fit in ${COMMAND_LIMIT_BYTES} bytes, not ${total}`,
      },
    ],
  });
}
