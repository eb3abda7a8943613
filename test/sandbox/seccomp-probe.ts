import { DENIED_GROUPS } from '../../src/sandbox/seccomp/denied-calls.js';

/** Of x86-64; what is not here has no number there. */
const NUMBERS: Readonly<Record<string, number>> = {
  ...{ ptrace: 101, syslog: 103, uselib: 134, ustat: 136, sysfs: 139, vhangup: 153 },
  ...{ modify_ldt: 154, pivot_root: 155, _sysctl: 156, adjtimex: 159, chroot: 161, acct: 163 },
  ...{ settimeofday: 164, mount: 165, umount2: 166, swapon: 167, swapoff: 168, reboot: 169 },
  ...{ sethostname: 170, setdomainname: 171, iopl: 172, ioperm: 173, create_module: 174 },
  ...{ init_module: 175, delete_module: 176, get_kernel_syms: 177, query_module: 178 },
  ...{ quotactl: 179, nfsservctl: 180, getpmsg: 181, putpmsg: 182, afs_syscall: 183 },
  ...{ tuxcall: 184, security: 185, set_thread_area: 205, get_thread_area: 211 },
  ...{ lookup_dcookie: 212, epoll_ctl_old: 214, epoll_wait_old: 215, remap_file_pages: 216 },
  ...{ clock_settime: 227, vserver: 236, mbind: 237, set_mempolicy: 238, get_mempolicy: 239 },
  ...{ kexec_load: 246, add_key: 248, request_key: 249, keyctl: 250, migrate_pages: 256 },
  ...{ unshare: 272, vmsplice: 278, move_pages: 279, perf_event_open: 298, fanotify_init: 300 },
  ...{ fanotify_mark: 301, name_to_handle_at: 303, open_by_handle_at: 304, clock_adjtime: 305 },
  ...{ setns: 308, process_vm_readv: 310, process_vm_writev: 311, kcmp: 312, finit_module: 313 },
  ...{ kexec_file_load: 320, bpf: 321, userfaultfd: 323, io_uring_setup: 425 },
  ...{ io_uring_enter: 426, io_uring_register: 427, open_tree: 428, move_mount: 429 },
  ...{ fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433, clone3: 435, pidfd_getfd: 438 },
  ...{ process_madvise: 440, mount_setattr: 442, quotactl_fd: 443, memfd_secret: 447 },
  ...{ process_mrelease: 448, set_mempolicy_home_node: 450, cachestat: 451, statmount: 457 },
  ...{ listmount: 458, lsm_get_self_attr: 459, lsm_set_self_attr: 460, lsm_list_modules: 461 },
  ...{ open_tree_attr: 467 },
};

/** Every denied call that has a number here. */
export const DENIED_CALLS = DENIED_GROUPS.flatMap(({ calls }) => calls).filter(
  (name) => NUMBERS[name] !== undefined,
);

/** Without one: they exist on other processors alone. */
export const NUMBERLESS = DENIED_GROUPS.flatMap(({ calls }) => calls).filter(
  (name) => NUMBERS[name] === undefined,
);

const SOCKETS: Readonly<Record<string, readonly [number, number, number]>> = {
  unix: [1, 1, 0],
  tcp: [2, 1, 0],
  udp6: [10, 2, 17],
  route: [16, 3, 0],
  raw: [2, 3, 1],
  raw6: [10, 3, 58],
  ping: [2, 2, 1],
  sctp: [2, 1, 132],
  udplite: [2, 2, 136],
  packet: [17, 3, 768],
  alg: [38, 5, 0],
  vsock: [40, 1, 0],
  audit: [16, 3, 9],
  netfilter: [16, 3, 12],
  generic_netlink: [16, 3, 16],
  can: [29, 3, 1],
  tipc: [30, 1, 0],
  bluetooth: [31, 3, 1],
  xdp: [44, 3, 0],
};

export const SOCKETS_LEFT = ['unix', 'tcp', 'udp6', 'route'];
export const SOCKETS_DENIED = Object.keys(SOCKETS).filter((name) => !SOCKETS_LEFT.includes(name));

/** More that depends on arguments: what is let through, and what is not. */
const NARROWED: Readonly<Record<string, string>> = {
  'clone-thread-flags': 'syscall(56, 17, 0, 0, 0, 0)',
  'clone-newuser': 'syscall(56, 0x10000011, 0, 0, 0, 0)',
  'clone-newnet': 'syscall(56, 0x40000011, 0, 0, 0, 0)',
  'mknod-fifo': 'do { my $p = "/tmp/fifo$$"; syscall(133, $p, 0010600, 0) }',
  'mknod-device': 'do { my $p = "/tmp/device$$"; syscall(133, $p, 0020666, 0x0101) }',
  'mknodat-device': 'do { my $p = "/tmp/deviceat$$"; syscall(259, -100, $p, 0060666, 0x0800) }',
  'ioctl-other': 'syscall(16, 0, 0x5413, 0)',
  'ioctl-tiocsti': 'syscall(16, 0, 0x5412, 0)',
  'ioctl-tiocsti-upper-half': 'syscall(16, 0, 0x100005412, 0)',
  'ioctl-tioclinux': 'syscall(16, 0, 0x541c, 0)',
  'personality-ask': 'syscall(135, 0xffffffff)',
  'personality-no-random': 'syscall(135, 0x40000)',
  'socket-alg-upper-half': 'syscall(41, 0x100000026, 5, 0)',
};

export const NARROWED_LEFT = ['clone-thread-flags', 'ioctl-other', 'personality-ask'];
export const NARROWED_DENIED = Object.keys(NARROWED).filter(
  (name) => !NARROWED_LEFT.includes(name) && name !== 'mknod-fifo',
);

/**
 * A shell line that makes each call in a process of its own and prints `call:NAME ok` or the number of
 * the error, in one line each. Denied calls get nothing but zeros: enough to see who answers.
 */
export function deniedCallProbe(): string {
  const calls: (readonly [string, string])[] = [
    ...DENIED_CALLS.map((name) => [name, `syscall(${NUMBERS[name]}, 0, 0, 0, 0, 0, 0)`] as const),
    ...Object.entries(SOCKETS).map(
      ([name, [family, type, protocol]]) =>
        [`socket-${name}`, `syscall(41, ${family}, ${type}, ${protocol})`] as const,
    ),
    ['socketpair-tipc', 'do { my $p = "\\0" x 8; syscall(53, 30, 1, 0, $p) }'],
    ...Object.entries(NARROWED),
  ];
  const lines = calls.map(([name, call]) => `one("${name}", sub { ${call} });`);
  return `perl -e '$| = 1; require POSIX;
sub one { my ($name, $call) = @_; my $pid = fork; if (!$pid) { my $me = $$; $! = 0; my $r = $call->();
  my $error = $! + 0; POSIX::_exit(0) if POSIX::getpid() != $me;
  print "call:$name ", ($r == -1 ? $error : "ok"), "\\n"; POSIX::_exit(0) } waitpid $pid, 0 }
${lines.join('\n')}'`;
}

const BASE = 0x40_0000;

/**
 * A program that makes a UNIX socket by the 32-bit `socketcall` and exits with the last byte of the
 * answer: 3, the number of the first free file, where that is let through.
 */
export function socketcallProgram(): Buffer {
  const headers = 64 + 56;
  const code = (at: number) =>
    Buffer.concat([
      ...(
        [
          [0xb8, 102], // mov eax, socketcall
          [0xbb, 1], // mov ebx, SYS_SOCKET
          [0xb9, at], // mov ecx, its arguments
        ] as const
      ).map(([opcode, value]) => {
        const instruction = Buffer.alloc(5);
        instruction.writeUInt8(opcode);
        instruction.writeUInt32LE(value, 1);
        return instruction;
      }),
      // int 0x80; mov edi, eax; mov eax, exit; syscall
      Buffer.from([0xcd, 0x80, 0x89, 0xc7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]),
    ]);
  const body = Buffer.concat([
    code(BASE + headers + code(0).length),
    Buffer.from(Uint32Array.of(1, 1, 0).buffer),
  ]);
  const elf = Buffer.alloc(headers);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(62, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(BASE + headers), 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  elf.writeBigUInt64LE(BigInt(BASE), 80);
  elf.writeBigUInt64LE(BigInt(BASE), 88);
  elf.writeBigUInt64LE(BigInt(headers + body.length), 96);
  elf.writeBigUInt64LE(BigInt(headers + body.length), 104);
  elf.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([elf, body]);
}
