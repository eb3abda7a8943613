import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { Fence } from '../egress/fence.js';
import { UntrustedForwarders } from '../http/untrusted-forwarders.js';
import type { HardeningCheck } from '../kernel/hardening.js';
import { effectivePolicy } from '../sandbox/policy.js';
import { Acknowledgements } from './acknowledgements.js';
import { FenceProofCheck } from './checks/fence-proof.check.js';
import { FenceCheck } from './checks/fence.check.js';
import { ForwardingHeadersCheck } from './checks/forwarding-headers.check.js';
import { MasterKeyBackupCheck } from './checks/master-key.checks.js';
import { SandboxControlsCheck } from './checks/sandbox-controls.check.js';
import { FencedNetwork } from './fenced-network.js';
import { SandboxObserver } from './probe/sandbox-observer.js';

/** Items that only a running service can tell of, by id. */
export const SERVICE_ITEMS: Readonly<Record<string, string>> = {
  'forwarding-headers': 'Forwarding headers from untrusted peers',
  'webhook-secrets': 'Secrets of webhook senders',
  fence: 'Fence around the sandboxes',
  'fence-proof': 'Fence proven from a real sandbox',
  'sandbox-controls': 'Controls seen from a real sandbox',
  'master-key-backup': 'Master key backed up',
  'master-key-use': 'Use of the master key',
};

/** What only the running service knows: its requests, its fence, its sandboxes, its database. */
@Injectable()
export class ServiceChecks {
  constructor(
    private readonly settings: Settings,
    private readonly fence: Fence,
    private readonly network: FencedNetwork,
    private readonly observer: SandboxObserver,
    private readonly acknowledgements: Acknowledgements,
    private readonly forwarders: UntrustedForwarders,
  ) {}

  list(): HardeningCheck[] {
    const { codex, configuredKeys, server } = this.settings;
    const { security, rootWritable } = effectivePolicy(codex, configuredKeys);
    const observe = (asker: string) => this.observer.observe(asker);
    return [
      new ForwardingHeadersCheck(server.trustProxy, this.forwarders),
      new FenceCheck(this.fence, this.network.local, () => this.network.ensure()),
      new FenceProofCheck(observe),
      new SandboxControlsCheck(observe, { ...security, rootWritable }),
      new MasterKeyBackupCheck(this.acknowledgements),
    ];
  }
}
