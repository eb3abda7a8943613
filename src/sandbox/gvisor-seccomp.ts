/** Clone flags that make a namespace: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACE_FLAGS = [
  0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
];

const DENIED = (
  'acct add_key adjtimex bpf chroot clock_adjtime clock_settime delete_module fanotify_init ' +
  'finit_module fsconfig fsmount fsopen fspick init_module io_uring_enter io_uring_register ' +
  'io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mknod ' +
  'mknodat modify_ldt mount mount_setattr move_mount move_pages name_to_handle_at ' +
  'open_by_handle_at open_tree perf_event_open pivot_root process_vm_readv process_vm_writev ' +
  'ptrace quotactl quotactl_fd reboot request_key setdomainname sethostname setns settimeofday ' +
  'swapoff swapon syslog umount2 unshare userfaultfd vhangup'
).split(' ');

/**
 * The profile of a gVisor sandbox without one of the operator's. The sentry is the boundary there;
 * the profile takes away what a command has no use for. Docker's own default cannot be used:
 * runsc answers EPERM where it says ENOSYS (clone3), and every program with threads ends.
 */
export const GVISOR_SECCOMP_PROFILE = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
  syscalls: [
    { names: DENIED, action: 'SCMP_ACT_ERRNO' },
    ...NAMESPACE_FLAGS.map((flag) => ({
      names: ['clone'],
      action: 'SCMP_ACT_ERRNO',
      args: [{ index: 0, value: flag, valueTwo: flag, op: 'SCMP_CMP_MASKED_EQ' }],
    })),
  ],
});
