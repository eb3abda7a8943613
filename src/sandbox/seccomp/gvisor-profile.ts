import {
  DENIED_GROUPS,
  DEVICE_KINDS,
  FAMILY,
  FILE_KIND_MASK,
  INTERNET_SOCKETS,
  NAMESPACE_FLAGS,
  SOCKET_TYPE_MASK,
  TERMINAL_INPUT,
} from './denied-calls.js';
import type { SeccompArgument, SeccompRule } from './profile-format.js';

/**
 * Denied under runc with ENOSYS, so that libc falls back to clone. runsc answers EPERM whatever a
 * profile says, upon which every program with threads ends; its own clone3 is its own kernel's.
 */
const LEFT_TO_THE_SENTRY = new Set(['clone3']);

/** An `int` of the kernel's: a caller may set the upper half of the register, and the kernel drops it. */
const INT = 0xffff_ffff;

const is = (index: number, value: number): SeccompArgument => masked(index, INT, value);
const above = (index: number, value: number): SeccompArgument => ({
  index,
  value,
  op: 'SCMP_CMP_GT',
});
const masked = (index: number, mask: number, value: number): SeccompArgument => ({
  index,
  value: mask,
  valueTwo: value,
  op: 'SCMP_CMP_MASKED_EQ',
});

const deny = (names: string[], ...args: SeccompArgument[]): SeccompRule => ({
  names,
  action: 'SCMP_ACT_ERRNO',
  ...(args.length > 0 && { args }),
});

/** Numbers from 0 to `most` that are not in `allowed`. */
function othersUpTo(most: number, allowed: readonly number[]): number[] {
  return Array.from({ length: most + 1 }, (_none, number) => number).filter(
    (number) => !allowed.includes(number),
  );
}

function socketRules(): SeccompRule[] {
  const families: number[] = Object.values(FAMILY);
  const most = Math.max(...families);
  const internet = [FAMILY.inet, FAMILY.inet6].flatMap((family) => [
    ...othersUpTo(
      SOCKET_TYPE_MASK,
      INTERNET_SOCKETS.map(({ type }) => type),
    ).map((type) => deny(['socket'], is(0, family), masked(1, SOCKET_TYPE_MASK, type))),
    ...INTERNET_SOCKETS.flatMap(({ type, protocol }) => {
      const socket = [is(0, family), masked(1, SOCKET_TYPE_MASK, type)];
      return [
        ...othersUpTo(protocol, [0, protocol]).map((other) =>
          deny(['socket'], ...socket, is(2, other)),
        ),
        deny(['socket'], ...socket, above(2, protocol)),
      ];
    }),
  ]);
  return [
    ...othersUpTo(most, families).map((family) => deny(['socket'], is(0, family))),
    deny(['socket'], above(0, most)),
    ...othersUpTo(most, [FAMILY.unix]).map((family) => deny(['socketpair'], is(0, family))),
    deny(['socketpair'], above(0, most)),
    ...internet,
    deny(['socket'], is(0, FAMILY.netlink), above(2, 0)),
  ];
}

/**
 * Our profile under gVisor, with and without `hardened`. The sentry is the boundary there; the profile
 * takes away what a command has no use for. It is a list of what is denied, by EPERM alone: a list of
 * what is allowed would answer EPERM to calls that the sentry does not know, where libraries need ENOSYS.
 */
export const GVISOR_SECCOMP_PROFILE = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
  syscalls: [
    deny(
      DENIED_GROUPS.flatMap(({ calls }) => calls).filter((name) => !LEFT_TO_THE_SENTRY.has(name)),
    ),
    ...NAMESPACE_FLAGS.map((flag) => deny(['clone'], masked(0, flag, flag))),
    ...DEVICE_KINDS.flatMap((kind) => [
      deny(['mknod'], masked(1, FILE_KIND_MASK, kind)),
      deny(['mknodat'], masked(2, FILE_KIND_MASK, kind)),
    ]),
    ...TERMINAL_INPUT.map((request) => deny(['ioctl'], is(1, request))),
    ...socketRules(),
  ],
});
