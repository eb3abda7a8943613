/** An argument: a number, a buffer of that many bytes (with what it begins with), or a text. */
type Argument = number | { readonly bytes: number; readonly words?: readonly number[] } | string;

export interface SystemCall {
  readonly name: string;
  /** Numbers by architecture; without one it does not exist there. */
  readonly x86_64: number;
  readonly aarch64?: number;
  /** What does something where it is let through. */
  readonly args: readonly Argument[];
  /** It could reach past the namespaces of the unlocked container: tried in the sandbox alone. */
  readonly reachesHost?: boolean;
}

const CLONE_NEWUSER = 0x1000_0000;
const SIGCHLD = 17;

/** The ways out of a container that a system call is. */
export const SYSTEM_CALLS: readonly SystemCall[] = [
  { name: 'unshare(CLONE_NEWUSER)', x86_64: 272, aarch64: 97, args: [CLONE_NEWUSER] },
  {
    name: 'clone(CLONE_NEWUSER)',
    x86_64: 56,
    aarch64: 220,
    args: [CLONE_NEWUSER + SIGCHLD, 0, 0, 0, 0],
  },
  { name: 'mount', x86_64: 165, aarch64: 40, args: ['none', '/tmp', 'tmpfs', 0, 0] },
  { name: 'pivot_root', x86_64: 155, aarch64: 41, args: ['/tmp', '/tmp'] },
  { name: 'setns', x86_64: 308, aarch64: 268, args: ['fd:/proc/self/ns/net', 0] },
  { name: 'ptrace of process 1', x86_64: 101, aarch64: 117, args: [0x4206, 1, 0, 0] },
  { name: 'bpf', x86_64: 321, aarch64: 280, args: [0, { bytes: 128, words: [1, 4, 4, 1] }, 128] },
  {
    name: 'perf_event_open',
    x86_64: 298,
    aarch64: 241,
    args: [{ bytes: 128, words: [1, 112] }, 0, -1, -1, 0],
  },
  { name: 'keyctl', x86_64: 250, aarch64: 219, args: [0, -3, 0] },
  { name: 'add_key', x86_64: 248, aarch64: 217, args: ['user', 'risoluto', 'risoluto', 1, -3] },
  { name: 'kexec_load', x86_64: 246, aarch64: 104, args: [0, 0, 0, 0], reachesHost: true },
  { name: 'init_module', x86_64: 175, aarch64: 105, args: ['', 0, ''], reachesHost: true },
  { name: 'open_by_handle_at', x86_64: 304, aarch64: 265, args: [-100, { bytes: 64 }, 0] },
  { name: 'userfaultfd', x86_64: 323, aarch64: 282, args: [0] },
  { name: 'io_uring_setup', x86_64: 425, aarch64: 425, args: [1, { bytes: 256 }] },
  { name: 'modify_ldt', x86_64: 154, args: [0, { bytes: 64 }, 64] },
  { name: 'raw socket', x86_64: 41, aarch64: 198, args: [2, 3, 1] },
  { name: 'packet socket', x86_64: 41, aarch64: 198, args: [17, 3, 768] },
  { name: 'AF_VSOCK', x86_64: 41, aarch64: 198, args: [40, 1, 0] },
  { name: 'AF_ALG', x86_64: 41, aarch64: 198, args: [38, 5, 0] },
];

/**
 * Prints `call:NUMBER ok` or `call:NUMBER ERRNO` for each of the calls, each tried in a process of its
 * own and, where it may have one, a mount namespace of its own, so that a call that is let through
 * changes nothing for the next; `missing …` where the image has neither perl nor python3.
 */
export function systemCallScript(calls: readonly SystemCall[]): string {
  return `case $(uname -m) in x86_64|aarch64) arch=$(uname -m) ;; *) echo "missing numbers of system calls for $(uname -m)"; exit ;; esac
if command -v perl >/dev/null; then exec perl -e '${perlProgram(calls)}' $arch
elif command -v python3 >/dev/null; then exec python3 -c '${pythonProgram(calls)}' $arch
else echo "missing perl or python3"; fi`;
}

/** Numbers as arguments are passed as they are, and texts and buffers by their address. */
function perlProgram(calls: readonly SystemCall[]): string {
  const lines = calls.map((call, n) => {
    const prepared = call.args.map((argument, at) => `my $v${at} = ${perlValue(argument)};`);
    const names = call.args.map((_argument, at) => `, $v${at}`).join('');
    const number = `{x86_64 => ${call.x86_64}, aarch64 => ${call.aarch64 ?? -1}}`;
    return `attempt(${n}, ${number}, sub { ${prepared.join(' ')} syscall($_[0]${names}) });`;
  });
  return `use Errno; use POSIX (); $| = 1; my $arch = shift;
sub attempt { my ($n, $numbers, $call) = @_; my $number = $numbers->{$arch};
  if ($number < 0) { print "call:$n absent\\n"; return }
  my $pid = fork; if (!$pid) { my $own = $$; syscall($arch eq "x86_64" ? 272 : 97, 0x20000); $! = 0; my $r = $call->($number); my $e = $! + 0;
    if ($r == 0 && $$ != $own) { POSIX::_exit(0) }
    my ($name) = grep { $!{$_} } keys %!; $name = $e == 95 ? "EOPNOTSUPP" : $e == 11 ? "EAGAIN" : $name;
    print "call:$n ", ($r == -1 ? $name || "E$e" : "ok"), "\\n"; POSIX::_exit(0) } waitpid $pid, 0 }
${lines.join('\n')}`;
}

function perlValue(argument: Argument): string {
  if (typeof argument === 'number') return String(argument);
  if (typeof argument === 'string') {
    const [, path] = /^fd:(.*)$/.exec(argument) ?? [];
    if (path !== undefined) return `do { open(our $file, "<", "${path}"); fileno($file) }`;
    return `"${argument}" . ""`;
  }
  const { bytes, words = [] } = argument;
  return `pack("L*", ${words.join(', ')}) . ("\\0" x ${bytes - 4 * words.length})`;
}

function pythonProgram(calls: readonly SystemCall[]): string {
  const lines = calls.map((call, n) => {
    const number = `{"x86_64": ${call.x86_64}, "aarch64": ${call.aarch64 ?? -1}}`;
    return `attempt(${n}, ${number}, [${call.args.map(pythonValue).join(', ')}])`;
  });
  return `import ctypes, errno, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(n, numbers, values):
    number = numbers[sys.argv[1]]
    if number < 0:
        print("call:%d absent" % n, flush=True); return
    pid = os.fork()
    if pid == 0:
        own = os.getpid()
        libc.syscall(ctypes.c_long(272 if sys.argv[1] == "x86_64" else 97), ctypes.c_long(0x20000))
        args = [ctypes.c_long(v() if callable(v) else v) if not isinstance(v, bytes) else ctypes.create_string_buffer(v, max(len(v), 1)) for v in values]
        ctypes.set_errno(0)
        r = libc.syscall(ctypes.c_long(number), *args)
        e = ctypes.get_errno()
        if r == 0 and os.getpid() != own: os._exit(0)
        name = {95: "EOPNOTSUPP", 11: "EAGAIN"}.get(e) or errno.errorcode.get(e, "E%d" % e)
        print("call:%d %s" % (n, name if r == -1 else "ok"), flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
${lines.join('\n')}`;
}

function pythonValue(argument: Argument): string {
  if (typeof argument === 'number') return String(argument);
  if (typeof argument === 'string') {
    const [, path] = /^fd:(.*)$/.exec(argument) ?? [];
    if (path !== undefined) return `lambda: os.open("${path}", os.O_RDONLY)`;
    return `b"${argument}\\0"`;
  }
  const { bytes, words = [] } = argument;
  return `struct.pack("${words.length}I", ${words.join(', ')}) + bytes(${bytes - 4 * words.length})`;
}

/** Answers that mean that the call was not carried out because it may not be. */
const REFUSALS = new Set([
  'EPERM',
  'EACCES',
  'ENOSYS',
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
  'ESOCKTNOSUPPORT',
  'EOPNOTSUPP',
  'absent',
]);

/** Undefined counts as refused nowhere: what was not tried proves nothing. */
export function isRefused(answer: string | undefined): boolean {
  return answer !== undefined && REFUSALS.has(answer);
}
