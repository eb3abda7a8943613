/** What a probe script printed: lines of `NAME value`, the last of each name. */
export function parseFindings(stdout: string): Record<string, string> {
  const findings: Record<string, string> = {};
  for (const line of stdout.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) findings[line.slice(0, space)] = line.slice(space + 1).trim();
  }
  return findings;
}

/** System calls by number: x86_64. Each with arguments that do something where it is let through. */
const CALLS: Readonly<Record<string, string>> = {
  unshare_user: 'syscall(272, 0x10000000)',
  mount: 'do { my ($s, $t, $f) = ("none", "/tmp", "tmpfs"); syscall(165, $s, $t, $f, 0, 0) }',
  pivot_root: 'do { my ($a, $b) = ("/tmp", "/tmp"); syscall(155, $a, $b) }',
  setns: 'do { open(my $n, "<", "/proc/self/ns/net"); syscall(308, fileno($n), 0) }',
  ptrace_init: 'syscall(101, 0x4206, 1, 0, 0)',
  bpf: 'do { my $a = "\\0" x 128; syscall(321, 0, $a, 128) }',
  perf_event_open: 'do { my $a = "\\0" x 128; syscall(298, $a, 0, -1, -1, 0) }',
  keyctl: 'syscall(250, 0, -3, 0)',
  add_key: 'do { my ($t, $d) = ("user", "x"); syscall(248, $t, $d, $d, 1, -3) }',
  kexec_load: 'syscall(246, 0, 0, 0, 0)',
  init_module: 'do { my $m = ""; syscall(175, $m, 0, $m) }',
  open_by_handle_at: 'do { my $h = "\\0" x 64; syscall(304, -100, $h, 0) }',
  userfaultfd: 'syscall(323, 0)',
  io_uring_setup: 'do { my $p = "\\0" x 256; syscall(425, 1, $p) }',
  modify_ldt: 'do { my $b = "\\0" x 64; syscall(154, 0, $b, 64) }',
  clone_newuser: 'syscall(56, 0x10000011, 0, 0, 0, 0)',
  raw_socket: 'syscall(41, 2, 3, 1)',
  packet_socket: 'syscall(41, 17, 3, 768)',
  vsock: 'syscall(41, 40, 1, 0)',
  alg_socket: 'syscall(41, 38, 5, 0)',
  mknod: 'do { my $p = "/tmp/node"; syscall(133, $p, 0020666, 0x0101) }',
};

/** A shell line that prints `call:<name> ok` or `call:<name> <errno's name>` for each call. */
export function systemCallProbe(): string {
  const lines = Object.entries(CALLS).map(
    ([name, call]) =>
      `{ my $pid = fork; if (!$pid) { $! = 0; my $r = ${call}; ` +
      `if ($r == 0 && "${name}" eq "clone_newuser") { kill 9, $$ } ` +
      `print "call:${name} ", ($r == -1 ? (grep { $!{$_} } qw(EPERM EACCES ENOSYS EAFNOSUPPORT ` +
      `EINVAL EBADF EFAULT ENOTSUP EPROTONOSUPPORT ESOCKTNOSUPPORT ESTALE ENOSPC ENOMEM))[0] // "E$!" : "ok"), "\\n"; ` +
      `require POSIX; POSIX::_exit(0) } waitpid $pid, 0; }`,
  );
  return `perl -e '$| = 1; use Errno; ${lines.join(' ')}'`;
}

export const SYSTEM_CALLS = Object.keys(CALLS);

/** Answers that mean that the call was not carried out because it may not be. */
export const REFUSALS = [
  'EPERM',
  'EACCES',
  'ENOSYS',
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
  'ESOCKTNOSUPPORT',
  'ENOTSUP',
];
