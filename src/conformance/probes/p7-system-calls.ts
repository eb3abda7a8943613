import { insideProbe, type Found, type Problem } from '../inside-probe.js';
import {
  isRefused,
  SYSTEM_CALLS,
  systemCallScript,
  type SystemCall,
} from '../inside/system-calls.js';

/** What Docker’s default profile lets through. */
const DEFAULT_GAPS = new Set(['io_uring_setup', 'modify_ldt', 'AF_VSOCK', 'ptrace of process 1']);
/** What gVisor carries out inside its own kernel, out of the host’s sight. */
const INSIDE_THE_SENTRY = new Set([
  'unshare(CLONE_NEWUSER)',
  'clone(CLONE_NEWUSER)',
  'ptrace of process 1',
]);
/** What a container without controls must be let do, or the program that tries is no good. */
const LEAST: Readonly<Record<'runc' | 'gvisor', readonly string[]>> = {
  runc: ['unshare(CLONE_NEWUSER)', 'mount', 'setns', 'raw socket', 'packet socket', 'modify_ldt'],
  gvisor: ['unshare(CLONE_NEWUSER)', 'mount'],
};
const REMEDY =
  'Docker’s default profile lets them through: set codex.sandbox.security.seccompProfile to hardened, or to a profile of your own';

const named = (name: string) => SYSTEM_CALLS.findIndex((call) => call.name === name);
const answerOf = (found: Found, call: SystemCall) => found[`call:${SYSTEM_CALLS.indexOf(call)}`];

export const systemCalls = insideProbe({
  id: 'P7',
  title: 'The system calls that lead out are refused',
  group: 'privilege',
  script: (_subject, where) =>
    systemCallScript(
      where === 'sandbox' ? SYSTEM_CALLS : SYSTEM_CALLS.map((call) => harmless(call)),
    ),
  problems: (found, { gvisor, codex }) =>
    SYSTEM_CALLS.flatMap((call): Problem[] => {
      const answer = answerOf(found, call);
      if (isRefused(answer)) return [];
      const told = answer === 'ok' ? '' : ` (${answer ?? 'no answer'})`;
      const what = `${call.name} is let through${told}`;
      if (gvisor) return INSIDE_THE_SENTRY.has(call.name) ? [] : [what];
      const byDefault = codex.sandbox.security.seccompProfile === '' && DEFAULT_GAPS.has(call.name);
      return [byDefault ? { what, remedy: REMEDY } : what];
    }),
  unproven: (control, { gvisor }) => {
    const least = LEAST[gvisor ? 'gvisor' : 'runc'];
    return least.filter((name) => {
      const answer = control[`call:${named(name)}`];
      // No number of its own on this architecture.
      return answer !== 'absent' && isRefused(answer ?? 'EPERM');
    });
  },
  seen: (found, control) => {
    const proven = SYSTEM_CALLS.filter(
      (call) => isRefused(answerOf(found, call)) && !isRefused(answerOf(control, call) ?? 'EPERM'),
    );
    const rest = SYSTEM_CALLS.filter((call) => !proven.includes(call));
    return `${proven.length} are refused that a container without the controls may do; ${rest.map(({ name }) => name).join(', ')} could not be shown to work here, or would reach the host.`;
  },
});

/** In its place something that is refused everywhere, so that the numbers stay. */
function harmless(call: SystemCall): SystemCall {
  return call.reachesHost === true ? { ...call, x86_64: -1, aarch64: -1 } : call;
}
