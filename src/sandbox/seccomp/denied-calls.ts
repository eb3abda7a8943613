/** System calls that no sandbox has, whatever its arguments. `docs/seccomp.md` says why, by `id`. */
export interface DeniedGroup {
  readonly id: string;
  readonly calls: readonly string[];
}

const group = (id: string, calls: string): DeniedGroup => ({ id, calls: calls.split(/\s+/) });

/**
 * The one list of what our profiles deny: `config/seccomp/hardened.json` allows none of these (a test
 * compares them), and the profile for gVisor is made from them.
 */
export const DENIED_GROUPS: readonly DeniedGroup[] = [
  group('io_uring', 'io_uring_setup io_uring_enter io_uring_register'),
  group('segments', 'modify_ldt set_thread_area get_thread_area vm86 vm86old iopl ioperm'),
  group(
    'other-processes',
    'ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise process_mrelease',
  ),
  group('keyring', 'add_key request_key keyctl'),
  group('bpf', 'bpf'),
  group('perf', 'perf_event_open lookup_dcookie'),
  group('userfaultfd', 'userfaultfd'),
  group('file-handles', 'name_to_handle_at open_by_handle_at'),
  group(
    'mounts',
    'mount umount umount2 mount_setattr move_mount open_tree open_tree_attr fsopen fsconfig fsmount ' +
      'fspick pivot_root chroot statmount listmount',
  ),
  group('namespaces', 'unshare setns clone3'),
  group(
    'kernel-code',
    'init_module finit_module delete_module create_module query_module get_kernel_syms ' +
      'kexec_load kexec_file_load reboot',
  ),
  group(
    'host-state',
    'swapon swapoff sethostname setdomainname acct quotactl quotactl_fd vhangup syslog nfsservctl',
  ),
  group('clocks', 'settimeofday clock_settime clock_adjtime adjtimex stime'),
  group(
    'numa',
    'mbind set_mempolicy get_mempolicy set_mempolicy_home_node migrate_pages move_pages',
  ),
  group('fanotify', 'fanotify_init fanotify_mark'),
  group('pages', 'vmsplice remap_file_pages memfd_secret cachestat'),
  group('lsm', 'lsm_get_self_attr lsm_set_self_attr lsm_list_modules'),
  group(
    'obsolete',
    'uselib ustat sysfs _sysctl afs_syscall tuxcall security vserver getpmsg putpmsg epoll_ctl_old ' +
      'epoll_wait_old socketcall ipc',
  ),
];

/** Calls that are let through with some arguments only; `docs/seccomp.md` says which, by `id`. */
export const NARROWED_CALLS = [
  { id: 'socket-families', calls: ['socket', 'socketpair'] },
  { id: 'namespace-flags', calls: ['clone'] },
  { id: 'device-nodes', calls: ['mknod', 'mknodat'] },
  { id: 'terminal-input', calls: ['ioctl'] },
  { id: 'personality', calls: ['personality'] },
] as const;

/** Clone flags that make a namespace: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
export const NAMESPACE_FLAGS = [
  0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
] as const;

export const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;

/** For IPv4 and IPv6: SOCK_STREAM with TCP and SOCK_DGRAM with UDP, or 0 for the same. */
export const INTERNET_SOCKETS = [
  { type: 1, protocol: 6 },
  { type: 2, protocol: 17 },
] as const;

/** The bits of socket()'s second argument that are the type; the others are flags. */
export const SOCKET_TYPE_MASK = 0xf;

/** The bits of a mode that are the kind of file, and the kinds that are devices. */
export const FILE_KIND_MASK = 0xf000;
export const DEVICE_KINDS = [0x2000, 0x6000] as const;

/** TIOCSTI and TIOCLINUX: what is typed into a terminal for somebody else. */
export const TERMINAL_INPUT = [0x5412, 0x541c] as const;
