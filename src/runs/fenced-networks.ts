import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../config/live-settings.js';
import { Fence } from '../egress/fence.js';
import type { FencedBridge } from '../egress/fenced-bridge.js';
import { EgressGateway } from '../egress/gateway/egress-gateway.js';
import type { GatewayAddress } from '../egress/gateway/gateway-session.js';
import { preferredPort } from '../egress/gateway/preferred-port.js';
import { DomainError } from '../kernel/domain-error.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { effectivePolicy, reachesOut, type EffectivePolicy } from '../sandbox/policy.js';
import { SandboxNetworks } from '../sandbox/sandbox-networks.js';

/** A network of sandboxes, and the gateway that is the only way out of it where it is filtered. */
export interface GatedNetwork {
  name: string;
  bridge: FencedBridge;
  gateway: GatewayAddress | null;
  /** It has no way out but the gateway. */
  internal: boolean;
}

/** The networks of sandboxes, each with the fence around it and, on a filtered one, the gateway. */
@Injectable()
export class FencedNetworks {
  constructor(
    private readonly networks: SandboxNetworks,
    private readonly fence: Fence,
    private readonly gateway: EgressGateway,
    private readonly settings: LiveSettings,
    private readonly directory: DataDirectory,
  ) {}

  /**
   * The network that sandboxes of this policy join, made where it is missing; not fenced yet.
   *
   * @throws DomainError `control_unavailable`, `engine_unavailable`; for a turn that is to be filtered
   *   `egress_unenforceable`, which names what failed and the remedy.
   */
  of(policy: EffectivePolicy): Promise<GatedNetwork> {
    return enforcing(policy, async () => {
      const { filtered } = policy.egress;
      const network = await this.named(await this.nameFor(policy), filtered);
      if (filtered && reachesOut(policy) && network.gateway === null) throw notListening();
      if (!filtered && policy.networkAccess && network.internal) throw leadsNowhere(network.name);
      return network;
    });
  }

  /** @throws DomainError as `of`, and `egress_unenforceable` alike */
  ensureFence({ bridge }: GatedNetwork, policy: EffectivePolicy): Promise<void> {
    return enforcing(policy, () => this.fence.ensure(bridge));
  }

  /**
   * The network of this name for one of the two uses.
   *
   * @throws DomainError `control_unavailable`, `engine_unavailable`
   */
  async named(name: string, filtered: boolean): Promise<GatedNetwork> {
    const network = await this.networks.ensure(name, { filtered });
    const { bridge, subnet, gateway: address, internal } = network;
    // An operator's own may be asked for in both uses; its bridge has one kind of grants all the same.
    const gateway = internal ? await this.#listen(address) : null;
    const gatewayPort = gateway?.port ?? null;
    return {
      name,
      bridge: { bridge, subnet, gateway: address, gatewayPort },
      gateway: filtered ? gateway : null,
      internal,
    };
  }

  /** The network of sandboxes of which nothing is known but the operator's settings. */
  current(): Promise<GatedNetwork> {
    return this.of(this.#currentPolicy());
  }

  async currentName(): Promise<string> {
    return this.nameFor(this.#currentPolicy());
  }

  async nameFor({ network, egress }: EffectivePolicy): Promise<string> {
    return egress.filtered ? this.networks.filteredName(network) : network;
  }

  #currentPolicy(): EffectivePolicy {
    return effectivePolicy(this.settings.codex, this.settings.configuredKeys);
  }

  /** `null` where the address is not one of this machine: there no fence can stand either. */
  async #listen(address: string): Promise<GatewayAddress | null> {
    const port = preferredPort(this.directory.instanceId);
    try {
      return await this.gateway.listen({ address, preferredPort: port });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return null;
      throw new DomainError('control_unavailable', 'The egress gateway cannot listen', {
        details: [
          {
            field: 'codex.sandbox.egressAllowlist',
            message: `free one of the ports from ${port} on at ${address}, the address of the sandboxes’ network`,
          },
        ],
        cause,
      });
    }
  }
}

function leadsNowhere(network: string): DomainError {
  return new DomainError('control_unavailable', `The network ${network} leads nowhere`, {
    details: [
      {
        field: 'codex.sandbox.network',
        message:
          'it is internal, so a run on it has network access only through the gateway: set codex.sandbox.egressAllowlist, or ask for no network access',
      },
    ],
  });
}

function notListening(): DomainError {
  return new DomainError('control_unavailable', 'The egress gateway cannot listen', {
    details: [
      {
        field: 'codex.sandbox.egressAllowlist',
        message:
          'the address of the sandboxes’ network is not one of this service’s: run the service on the engine’s host, in its network namespace',
      },
    ],
  });
}

/** What keeps a filtered turn from its network keeps its allowlist from being enforced. */
async function enforcing<T>(policy: EffectivePolicy, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const filtered = policy.egress.filtered && reachesOut(policy);
    if (!filtered || !(error instanceof DomainError) || error.code !== 'control_unavailable') {
      throw error;
    }
    throw new DomainError(
      'egress_unenforceable',
      `The egress allowlist cannot be enforced: ${error.message}`,
      { details: error.details ?? [], cause: error },
    );
  }
}
