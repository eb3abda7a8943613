import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';

import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { Clock } from '../../kernel/clock.js';
import { DataDirectory } from '../../persistence/data-directory.js';
import { encodeFrame, newNonce } from '../../sandbox/frame.js';
import { effectivePolicy, type EffectivePolicy } from '../../sandbox/policy.js';
import { FencedNetworks } from '../../runs/fenced-networks.js';
import type { NetworkPlace } from '../../runs/network-place.js';
import { SandboxHost } from '../../runs/sandbox-host.js';
import { GatewayListener } from './gateway-listener.js';
import { probeCommand, readProbe, type ProbeReport, type ProbeTarget } from './probe-script.js';

/** A real sandbox of this service, without network access, as it was seen from inside and outside. */
export interface SandboxObservation extends ProbeReport {
  readonly network: 'bridge' | 'none';
  /** The listener on the gateway heard this host: it listens. */
  readonly hostHeard: boolean;
  /** Whom else it heard. */
  readonly heardFromSandbox: readonly string[];
}

/** `asker` tells two questions of one check from those of two. */
export type ObserveSandbox = (asker: string) => Promise<SandboxObservation>;

/** Two checks ask about the same sandbox, one right after the other. */
const SHARED_MS = 2000;
const PROBE_SECONDS = 30;
const MOST_OUTPUT_BYTES = 64 * 1024;
/** Of nobody, ever (RFC 5737); a packet that is let out ends at the next router. */
const ANOTHER_ADDRESS = '192.0.2.1';
const METADATA_ADDRESS = '169.254.169.254';

/** Starts a sandbox as a run's is started, with the operator's policy, and looks at what it can do. */
@Injectable()
export class SandboxObserver implements OnModuleInit {
  #last: { seen: Promise<SandboxObservation>; endedAt: number; askers: Set<string> } | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly host: SandboxHost,
    private readonly networks: FencedNetworks,
    private readonly directory: DataDirectory,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.#removeDirectories();
  }

  /** What one asker has just been told is good for another; who asks again gets a new sandbox. */
  observe(asker: string): Promise<SandboxObservation> {
    const last = this.#last;
    const young = last !== null && this.clock.monotonicMs() - last.endedAt < SHARED_MS;
    if (young && !last.askers.has(asker)) {
      last.askers.add(asker);
      return last.seen;
    }
    const next = { seen: this.#observe(), endedAt: Infinity, askers: new Set([asker]) };
    const ended = () => void (next.endedAt = this.clock.monotonicMs());
    next.seen.then(ended, ended);
    return (this.#last = next).seen;
  }

  get policy(): EffectivePolicy {
    const { codex, configuredKeys } = this.settings;
    return {
      ...effectivePolicy(codex, configuredKeys),
      networkAccess: false,
      timeoutSeconds: PROBE_SECONDS,
    };
  }

  async #observe(): Promise<SandboxObservation> {
    const id = `doctor-${randomBytes(8).toString('hex')}`;
    await this.#removeDirectories();
    const { gateway } = (await this.networks.current()).bridge;
    const place = await this.host.network.place(id, this.policy);
    const listener = place.mode === 'bridge' ? await GatewayListener.open(gateway) : null;
    try {
      const hostHeard = (await listener?.hearsHost()) ?? false;
      const targets = place.mode === 'none' ? [] : this.#targets(gateway, listener);
      const stdout = await this.#ask(id, place, probeCommand(targets));
      return {
        ...readProbe(stdout, targets),
        network: place.mode,
        hostHeard,
        heardFromSandbox: listener?.heardFromOthers() ?? [],
      };
    } finally {
      await listener?.close();
      await this.host.network.close(place);
      // One that could not be removed keeps its address.
      await this.host.sandboxes.removeAllOf(id);
      await this.host.network.release(id, place);
      await this.#removeDirectories();
    }
  }

  #targets(gateway: string, listener: GatewayListener | null): ProbeTarget[] {
    return [
      ...(listener ? [{ name: 'the gateway', address: gateway, port: listener.port }] : []),
      { name: 'this service’s port', address: gateway, port: this.settings.server.port || 4000 },
      { name: 'the metadata address', address: METADATA_ADDRESS, port: 80 },
      { name: 'a public address', address: ANOTHER_ADDRESS, port: 80 },
    ];
  }

  async #ask(id: string, place: NetworkPlace, argv: string[]): Promise<string> {
    const { policy } = this;
    const image = await this.host.images.resolve(policy.image);
    const [workspaceDir, homeDir] = await Promise.all([
      this.#makeDirectory(id, 'workspace'),
      this.#makeDirectory(id, 'home'),
    ]);
    const sandbox = await this.host.sandboxes.create({
      runId: id,
      issue: 'DOCTOR-1',
      turn: 1,
      policy,
      image,
      workspaceDir,
      homeDir,
      network: place,
      resolvConf: place.resolvConf,
    });
    const limit = setTimeout(
      () => void sandbox.remove().catch(() => undefined),
      PROBE_SECONDS * 1000,
    );
    try {
      if (place.mode === 'bridge') await place.confirmed;
      const nonce = newNonce();
      await sandbox.start(encodeFrame({ argv, env: {}, nonce }), nonce);
      const parts: Buffer[] = [];
      let length = 0;
      for await (const { stream, bytes } of sandbox.output()) {
        if (stream === 'stdout') parts.push(bytes);
        if ((length += bytes.length) > MOST_OUTPUT_BYTES) break;
      }
      return Buffer.concat(parts).toString('utf8');
    } finally {
      clearTimeout(limit);
      await sandbox.remove();
    }
  }

  /** Of all probes: there is one at a time, and a crash may have left another's. */
  async #removeDirectories(): Promise<void> {
    await rm(this.directory.path('probe'), { recursive: true, force: true });
  }

  async #makeDirectory(id: string, name: string): Promise<string> {
    const path = this.directory.path('probe', id, name);
    await mkdir(path, { recursive: true });
    // Entered by the sandbox's user; whoever else is kept out by the data directory itself.
    await chmod(path, 0o755);
    return path;
  }
}
