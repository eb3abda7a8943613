import type { EngineInfo } from './container-engine.js';
import { controlUnavailable } from './control-unavailable.js';
import type { EffectivePolicy } from './policy.js';

const REGISTER =
  'register it in the engine’s daemon.json: {"runtimes":{"runsc":{"path":"/usr/bin/runsc","runtimeArgs":["--network=host","--oci-seccomp"]}}}, and restart the engine';

/**
 * Throws `control_unavailable` when the engine, by its own word, cannot apply a control of the
 * policy: before anything is made, because an engine accepts some of them and ignores them.
 */
export function requireEngineSupport(info: EngineInfo, { security }: EffectivePolicy): void {
  if (security.gvisor) requireGvisor(info);
  const seccomp = info.securityOptions.find((option) => option.startsWith('name=seccomp'));
  if (!seccomp) {
    throw controlUnavailable(
      'seccomp',
      'the engine filters no system calls; use a kernel and an engine with seccomp',
    );
  }
  if (security.seccompProfile === '' && seccomp.includes('profile=unconfined')) {
    throw controlUnavailable(
      'seccomp',
      "the engine's default profile is unconfined; remove its --seccomp-profile option, or set codex.sandbox.security.seccompProfile to hardened",
    );
  }
}

function requireGvisor(info: EngineInfo): void {
  const args = info.runtimes.runsc;
  if (!args) {
    throw controlUnavailable(
      'codex.sandbox.security.gvisor',
      `the engine has no runtime runsc; install gVisor and ${REGISTER}`,
    );
  }
  if (!args.some((arg) => /^--?oci-seccomp(=true)?$/.test(arg))) {
    throw controlUnavailable(
      'codex.sandbox.security.seccompProfile',
      `the runtime runsc ignores profiles as it is registered; ${REGISTER}`,
    );
  }
}
