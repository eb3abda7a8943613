import { randomBytes } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { ContainerEngine, type ContainerCreateBody } from './container-engine.js';
import {
  INSTANCE_LABEL,
  ISSUE_LABEL,
  type NetworkPlacement,
  RUN_LABEL,
  SANDBOX_LABEL,
  buildContainerSpec,
} from './container-spec.js';
import { controlUnavailable } from './control-unavailable.js';
import { findUnheldControls } from './control-verification.js';
import { removeEarlier } from './earlier-sandboxes.js';
import { EngineRefusal } from './engine-refusal.js';
import { requireEngineSupport } from './engine-requirements.js';
import { EngineWatch } from './engine-watch.js';
import { resolveExtraMounts } from './extra-mounts.js';
import { keptPaths } from './kept-paths.js';
import { LateRemovals } from './late-removals.js';
import type { EffectivePolicy } from './policy.js';
import type { ResolvedImage } from './resolved-image.js';
import { Sandbox } from './sandbox.js';
import { buildReport, type SandboxReport } from './sandbox-report.js';
import { loadSeccompProfile } from './seccomp/load-profile.js';
import { prepareHome, readWorkspaceLayout } from './workspace-layout.js';

/** All that a sandbox is made of. Directories are absolute host paths that no container has mounted. */
export interface SandboxPlacement {
  runId: string;
  issue: string;
  turn: number;
  policy: EffectivePolicy;
  image: ResolvedImage;
  workspaceDir: string;
  homeDir: string;
  network: NetworkPlacement;
  /** What runs in it is spoken to: its input stays open when this service is gone. */
  keepInput?: boolean;
  /** A file that we wrote; mounted read-only at /etc/resolv.conf. */
  resolvConf: string;
}

/** A sandbox as the engine lists it. */
export interface FoundSandbox {
  containerId: string;
  runId: string;
  running: boolean;
}

/** Makes sandboxes, and removes what is left of them. */
@Injectable()
export class Sandboxes {
  constructor(
    private readonly engine: ContainerEngine,
    private readonly watch: EngineWatch,
    private readonly settings: Settings,
    private readonly dataDirectory: DataDirectory,
    private readonly removals: LateRemovals,
  ) {}

  /**
   * A container with every control of the policy, inspected and found to have them, not started.
   * What earlier ones of the issue left is removed first: it could change the workspace between the
   * look at it and the mount.
   * Throws `control_unavailable` that names the control and the remedy when one cannot be applied,
   * and `engine_unavailable`; then no container is left.
   */
  async create(placement: SandboxPlacement): Promise<Sandbox> {
    const { policy, image } = placement;
    const info = await this.watch.info();
    requireEngineSupport(info, policy);
    await this.#removeEarlier(placement.issue);
    const [layout, seccompProfile, extraMounts] = await Promise.all([
      readWorkspaceLayout(placement.workspaceDir, policy),
      loadSeccompProfile(policy.security.seccompProfile, policy.security.gvisor),
      resolveExtraMounts(policy.extraMounts, this.#keptPaths(info.rootDir)),
      prepareHome(placement.homeDir, image),
    ]);
    const { workspaceDir, homeDir, resolvConf } = placement;
    const body = buildContainerSpec({
      ...placement,
      instanceId: this.dataDirectory.instanceId,
      mounts: { workspaceDir, homeDir, resolvConf, layout, extraMounts },
      seccompProfile,
      outputLimitBytes: this.settings.runs.outputLimit,
      hostname: randomBytes(6).toString('hex'),
    });
    const id = await this.#create(body);
    try {
      const inspection = await this.engine.inspectContainer(id);
      const [unheld] = findUnheldControls(body, inspection);
      if (unheld) {
        throw controlUnavailable(
          unheld.control,
          'the engine made the container without it; check the engine and what stands before it',
          unheld,
        );
      }
      return new Sandbox(this.engine, id, buildReport(inspection, policy, { image, info }));
    } catch (error) {
      await this.#discard(id);
      throw refusalToDomain(error);
    }
  }

  /** Every sandbox of this instance that the engine has. Throws `engine_unavailable`. */
  async list(): Promise<FoundSandbox[]> {
    try {
      const found = await this.engine.listContainers({
        label: [`${INSTANCE_LABEL}=${this.dataDirectory.instanceId}`, SANDBOX_LABEL],
      });
      return found.map(({ Id, Labels, State }) => ({
        containerId: Id,
        runId: Labels[RUN_LABEL] ?? '',
        running: State === 'running',
      }));
    } catch (error) {
      throw refusalToDomain(error);
    }
  }

  /** A sandbox that an earlier process made. It is not asked for: whether it is there shows later. */
  adopt(containerId: string, made: { report: SandboxReport; nonce: string }): Sandbox {
    return Sandbox.adopt(this.engine, containerId, made);
  }

  /** Kills and removes containers; one that is gone is no error. */
  async remove(containerIds: readonly string[]): Promise<void> {
    try {
      await Promise.all(containerIds.map((id) => this.engine.removeContainer(id)));
    } catch (error) {
      throw refusalToDomain(error);
    }
  }

  /** Removes every sandbox of this instance, or those of one run; answers how many there were. */
  async removeAllOf(runId?: string): Promise<number> {
    const found = (await this.list()).filter((one) => runId === undefined || one.runId === runId);
    await this.remove(found.map(({ containerId }) => containerId));
    return found.length;
  }

  /** False for an engine over the network: no fence of ours can stand before its bridges. */
  get engineIsLocal(): boolean {
    return this.engine.local;
  }

  /** Asks the engine now. `reason` is for an operator and holds no path. */
  async engineState(): Promise<{ available: boolean; reason?: string }> {
    const { status, reason } = await this.watch.check();
    return status === 'ok'
      ? { available: true }
      : { available: false, ...(reason ? { reason } : {}) };
  }

  async #removeEarlier(issue: string): Promise<void> {
    const ours = [`${INSTANCE_LABEL}=${this.dataDirectory.instanceId}`, SANDBOX_LABEL];
    try {
      await removeEarlier(this.engine, [...ours, `${ISSUE_LABEL}=${issue}`]);
    } catch (error) {
      throw refusalToDomain(error);
    }
  }

  async #create(body: ContainerCreateBody): Promise<string> {
    const name = `risoluto-${randomBytes(8).toString('hex')}`;
    let answer;
    try {
      answer = await this.engine.createContainer(name, body);
    } catch (error) {
      this.watch.forget();
      if (!(error instanceof EngineRefusal)) this.removals.addUnanswered(name);
      throw refusalToDomain(error);
    }
    if (answer.warnings.length === 0) return answer.id;
    await this.#discard(answer.id);
    throw controlUnavailable(
      warnedControl(answer.warnings),
      `the engine warns that it would not apply a limit (${answer.warnings.join('; ').slice(0, 300)}); enable it in the kernel or the engine`,
    );
  }

  async #discard(id: string): Promise<void> {
    await this.engine.removeContainer(id).catch(() => this.removals.add(id));
  }

  #keptPaths(engineRoot: string): string[] {
    const { root: dataDir } = this.dataDirectory;
    const { workspacesDir } = this.settings.paths;
    return keptPaths({ dataDir, workspacesDir }, this.settings.dockerHost, engineRoot);
  }
}

function warnedControl(warnings: readonly string[]): string {
  const text = warnings.join(' ').toLowerCase();
  const known = { memory: 'memory', swap: 'memory', pids: 'pids', cpu: 'cpus', cpus: 'cpus' };
  const match = Object.entries(known).find(([word]) => text.includes(word));
  return match ? `codex.sandbox.resources.${match[1]}` : 'sandbox';
}

function refusalToDomain(error: unknown): unknown {
  if (!(error instanceof EngineRefusal)) return error;
  const text = error.engineMessage.toLowerCase();
  const control = text.includes('runtime')
    ? 'codex.sandbox.security.gvisor'
    : text.includes('no such image')
      ? 'codex.sandbox.image'
      : text.includes('network')
        ? 'codex.sandbox.network'
        : 'sandbox';
  return controlUnavailable(
    control,
    'the engine refused to make the container; the service’s log has its reason',
    error,
  );
}
