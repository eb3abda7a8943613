import {
  failed,
  passed,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { lines } from '../shell.js';
import { UPGRADE_DISTRIBUTION } from './engine-versions.check.js';
import type { ObserveSandbox, SandboxObservation } from '../probe/sandbox-observer.js';

export interface ControlsWanted {
  readonly gvisor: boolean;
  readonly noNewPrivileges: boolean;
  readonly dropCapabilities: boolean;
  readonly rootWritable: boolean;
}

/** Whether a real sandbox, asked from inside, has what the settings say. Pure. */
export function judgeControls(
  { status, ids, rootWritten }: SandboxObservation,
  wanted: ControlsWanted,
): HardeningFinding {
  const missing: string[] = [];
  const capabilities = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'];
  const some = capabilities.filter((name) => /[^0]/.test(status[name] ?? 'absent'));
  if (wanted.dropCapabilities && some.length > 0) missing.push(`capabilities (${some.join(', ')})`);
  // gVisor holds both and shows neither.
  const shows = (name: string) => status[name] !== undefined || !wanted.gvisor;
  if (wanted.noNewPrivileges && shows('NoNewPrivs') && status.NoNewPrivs !== '1') {
    missing.push('new privileges');
  }
  if (shows('Seccomp') && status.Seccomp !== '2') missing.push('system calls without a filter');
  if (!/^[1-9]\d* [1-9]\d*( [1-9]\d*)*$/.test(ids)) missing.push(`root’s user or group (${ids})`);
  if (!wanted.rootWritable && rootWritten) missing.push('a writable root filesystem');
  if (missing.length === 0) {
    return passed(
      `A real sandbox, asked from inside, is user ${ids.split(' ')[0]} and has no privilege that the settings take away.`,
    );
  }
  return failed(
    `A real sandbox has, against the settings: ${missing.join(', ')}. What runs the containers did not do as it was told: bring it up to date.`,
    lines(UPGRADE_DISTRIBUTION, 'sudo systemctl restart docker'),
  );
}

export class SandboxControlsCheck implements HardeningCheck {
  readonly id = 'sandbox-controls';
  readonly title = 'Controls seen from a real sandbox';
  readonly kind = 'active';

  constructor(
    private readonly observe: ObserveSandbox,
    private readonly wanted: ControlsWanted,
  ) {}

  async check(): Promise<HardeningFinding> {
    return judgeControls(await this.observe(this.id), this.wanted);
  }
}
