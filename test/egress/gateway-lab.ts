import { FenceLab } from './fence-lab.js';
import { GatewayListener } from './gateway-listener.js';
import { HostArrivals } from './host-arrivals.js';
import { HostListener } from './host-listener.js';
import type { Target } from './reach.js';

/** A filtered bridge, something that listens at its gateway's port, and a host that notes what comes. */
export class GatewayLab {
  private constructor(
    readonly lab: FenceLab,
    readonly gateway: GatewayListener,
    readonly host: HostListener,
    readonly arrivals: HostArrivals,
  ) {}

  static async create({ internal }: { internal: boolean }): Promise<GatewayLab> {
    const lab = await FenceLab.create({ filtered: true, internal });
    // With it, the engine's own rules keep neighbours apart before ours are asked.
    await lab.setSysctl('net.bridge.bridge-nf-call-iptables', '0');
    return new GatewayLab(
      lab,
      await GatewayListener.start(lab.bridge),
      await HostListener.start(),
      await HostArrivals.start(lab.id, lab.bridge.bridge),
    );
  }

  /** The one thing that a grant lets through. */
  get port(): Target {
    return `tcp ${this.gateway.at.address} ${this.gateway.at.port}`;
  }

  /** As `HostArrivals` notes a connection from the address to the port. */
  arrivalOf(address: string): string {
    return `${address} . ${this.gateway.at.address} . 6 . ${this.gateway.at.port}`;
  }

  async destroy(): Promise<void> {
    await this.gateway.stop();
    await this.host.stop();
    await this.arrivals.stop();
    await this.lab.destroy();
  }
}
