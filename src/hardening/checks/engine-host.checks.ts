import { readFile } from 'node:fs/promises';

import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import type { EngineInfo } from '../../sandbox/container-engine.js';
import { lines, setKey } from '../shell.js';
import { INSTALL_GVISOR } from './gvisor.check.js';

type AskInfo = () => Promise<EngineInfo>;

const has = (options: readonly string[], name: string) =>
  options.some((option) => option.split(',').includes(`name=${name}`));

/** What stands between root in a container and root on the host. Pure. */
export function judgeUserNamespaces(
  securityOptions: readonly string[],
  gvisor: { readonly on: boolean; readonly registered: boolean },
  configFile: string,
): HardeningFinding {
  if (has(securityOptions, 'rootless')) return passed('The engine runs without root.');
  if (has(securityOptions, 'userns')) return passed('The engine remaps users of containers.');
  if (gvisor.on) {
    return passed(
      'Users are not remapped; sandboxes run under gVisor, whose kernel stands between.',
    );
  }
  return warned(
    'The engine does not remap users: who breaks out of a sandbox, whose command is never root, has that user’s number on the host. Remapping of the engine’s whole host has not been tried with this version; gVisor puts a kernel of its own between instead (codex.sandbox.security.gvisor). Then start the service anew.',
    lines(
      ...(gvisor.registered ? [] : [INSTALL_GVISOR]),
      setKey(configFile, 'codex.sandbox.security.gvisor', 'true'),
    ),
  );
}

export class UserNamespacesCheck implements HardeningCheck {
  readonly id = 'user-namespaces';
  readonly title = 'User namespaces';
  readonly kind = 'quick';

  constructor(
    private readonly info: AskInfo,
    private readonly gvisor: boolean,
    private readonly configFile: string,
  ) {}

  async check(): Promise<HardeningFinding> {
    const { securityOptions, runtimes } = await this.info();
    const gvisor = { on: this.gvisor, registered: runtimes.runsc !== undefined };
    return judgeUserNamespaces(securityOptions, gvisor, this.configFile);
  }
}

export function judgeCgroups(version: string): HardeningFinding {
  if (version === '2') return passed('The engine uses control groups version 2.');
  return warned(
    'The engine uses control groups version 1, which have had ways out of a container and bound memory less exactly. Version 2 comes with a restart of the machine.',
    lines(
      "sudo sed -i -E 's/^GRUB_CMDLINE_LINUX=\"/&systemd.unified_cgroup_hierarchy=1 /' /etc/default/grub",
      'sudo update-grub',
      'sudo reboot',
    ),
  );
}

export class CgroupsCheck implements HardeningCheck {
  readonly id = 'cgroups';
  readonly title = 'Control groups';
  readonly kind = 'quick';

  constructor(private readonly info: AskInfo) {}

  async check(): Promise<HardeningFinding> {
    return judgeCgroups((await this.info()).cgroupVersion);
  }
}

/** Whether a sandbox could fill the swap. `areas`: how many the host has. Pure. */
export function judgeSwap(areas: number, swapLimit: boolean): HardeningFinding {
  if (areas === 0) return passed('The host has no swap.');
  if (swapLimit) return passed('The host has swap, and sandboxes may use none of it.');
  return failed(
    'The host has swap, and its kernel cannot limit how much of it a sandbox takes: runs are refused where the engine says so.',
    'sudo swapoff --all',
  );
}

export class SwapCheck implements HardeningCheck {
  readonly id = 'swap';
  readonly title = 'Swap';
  readonly kind = 'quick';

  constructor(private readonly swapLimit: () => Promise<boolean>) {}

  async check(): Promise<HardeningFinding> {
    const [, ...areas] = (await readFile('/proc/swaps', 'utf8')).trim().split('\n');
    return judgeSwap(areas.length, areas.length === 0 || (await this.swapLimit()));
  }
}

export function judgeMandatoryAccessControl(securityOptions: readonly string[]): HardeningFinding {
  if (has(securityOptions, 'apparmor'))
    return passed('The engine confines containers by AppArmor.');
  if (has(securityOptions, 'selinux')) return passed('The engine confines containers by SELinux.');
  return warned(
    'The engine uses neither AppArmor nor SELinux, so that a hole in the other controls meets no second lock. A kernel without either needs one first.',
    lines(
      'sudo apt-get install -y apparmor',
      'sudo systemctl enable --now apparmor',
      'sudo systemctl restart docker',
    ),
  );
}

export class MandatoryAccessControlCheck implements HardeningCheck {
  readonly id = 'mandatory-access-control';
  readonly title = 'AppArmor or SELinux';
  readonly kind = 'quick';

  constructor(private readonly info: AskInfo) {}

  async check(): Promise<HardeningFinding> {
    return judgeMandatoryAccessControl((await this.info()).securityOptions);
  }
}
