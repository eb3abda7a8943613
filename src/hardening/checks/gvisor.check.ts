import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import type { EngineInfo } from '../../sandbox/container-engine.js';
import type { HelperContainers } from '../../sandbox/helper-containers.js';
import { lines } from '../shell.js';

/** Makes a runtime of gVisor known to the engine. */
const REGISTER = [
  'sudo runsc install -- --network=host --oci-seccomp',
  'sudo systemctl restart docker',
] as const;
export const INSTALL_GVISOR = lines('sudo apt-get install -y runsc', ...REGISTER);

/** The kernel that every gVisor of the last years shows, and the first line of its own log. */
const SIGNATURE = /gvisor|Linux version 4\.4\.0/i;

export interface GvisorFacts {
  /** `codex.sandbox.security.gvisor`. */
  readonly wanted: boolean;
  /** Arguments of the registered runtime; `null`: not registered. */
  readonly registered: readonly string[] | null;
  /** What a container under it said of its kernel; `null` when it did not run. */
  readonly kernel: string | null;
}

/** Whether runs under gVisor would be what they are taken for. Pure. */
export function judgeGvisor({ wanted, registered, kernel }: GvisorFacts): HardeningFinding {
  const found = wanted ? failed : warned;
  const effect = wanted
    ? 'codex.sandbox.security.gvisor is on, so every run is refused'
    : 'sandboxes share the host’s kernel';
  if (registered === null) {
    return found(`gVisor (runsc) is not registered with the engine; ${effect}.`, INSTALL_GVISOR);
  }
  if (!registered.some((argument) => /^--?oci-seccomp(=true)?$/.test(argument))) {
    return found(
      `gVisor (runsc) is registered without --oci-seccomp and would ignore seccomp profiles; ${effect}.`,
      lines(...REGISTER),
    );
  }
  if (kernel === null) {
    return failed(
      'gVisor (runsc) is registered, and a container under it does not run; the service’s log has the engine’s reason.',
      lines('sudo runsc --version', 'sudo journalctl -u docker --since -10min', ...REGISTER),
    );
  }
  if (!SIGNATURE.test(kernel)) {
    return failed(
      'The runtime that is registered as runsc is not gVisor: a container under it sees another kernel.',
      lines(...REGISTER),
    );
  }
  return passed(
    wanted
      ? 'A container under gVisor runs, and runs use it.'
      : 'A container under gVisor runs; runs use it once codex.sandbox.security.gvisor is on.',
  );
}

export class GvisorCheck implements HardeningCheck {
  readonly id = 'gvisor';
  readonly title = 'gVisor registered and working';
  readonly kind = 'active';

  constructor(
    private readonly info: () => Promise<EngineInfo>,
    private readonly helpers: HelperContainers,
    private readonly wanted: boolean,
    private readonly log: (message: string, error: unknown) => void,
  ) {}

  async check(): Promise<HardeningFinding> {
    const registered = (await this.info()).runtimes.runsc ?? null;
    const kernel = registered === null ? null : await this.#kernel();
    return judgeGvisor({ wanted: this.wanted, registered, kernel });
  }

  async #kernel(): Promise<string | null> {
    try {
      const { exitCode, stdout } = await this.helpers.run({
        purpose: 'gvisor-check',
        argv: ['/bin/sh', '-c', 'cat /proc/version; dmesg 2>/dev/null | head -n 1'],
        mounts: [],
        user: '65534:65534',
        runtime: 'runsc',
        timeoutMs: 30_000,
      });
      if (exitCode !== 0) throw new Error(`it ended with exit code ${exitCode}`);
      return stdout.toString('utf8');
    } catch (error) {
      this.log('a container under runsc does not run', error);
      return null;
    }
  }
}
