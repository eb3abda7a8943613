import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Settings } from '../../src/config/settings.js';
import { yamlSchema } from '../../src/config/yaml-schema.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { ReadinessProbes } from '../../src/kernel/readiness.js';
import { RuntimeFacts } from '../../src/kernel/runtime-facts.js';
import { DataDirectory } from '../../src/persistence/data-directory.js';
import type { ContainerCreateBody } from '../../src/sandbox/container-engine.js';
import { type NetworkPlacement, buildContainerSpec } from '../../src/sandbox/container-spec.js';
import { DockerEngine } from '../../src/sandbox/docker/docker-engine.js';
import type { Word } from '../../src/sandbox/environment.js';
import { EngineWatch } from '../../src/sandbox/engine-watch.js';
import { encodeFrame, newNonce } from '../../src/sandbox/frame.js';
import { HelperContainers } from '../../src/sandbox/helper-containers.js';
import { type PolicyRequest, effectivePolicy } from '../../src/sandbox/policy.js';
import type { ResolvedImage } from '../../src/sandbox/resolved-image.js';
import { Sandbox, type SandboxExit } from '../../src/sandbox/sandbox.js';
import type { SandboxReport } from '../../src/sandbox/sandbox-report.js';
import { LateRemovals } from '../../src/sandbox/late-removals.js';
import { SandboxImages } from '../../src/sandbox/sandbox-images.js';
import { SandboxNetworks } from '../../src/sandbox/sandbox-networks.js';
import { readWorkspaceLayout } from '../../src/sandbox/workspace-layout.js';
import { Sandboxes } from '../../src/sandbox/sandboxes.js';

export interface Place {
  workspaceDir: string;
  homeDir: string;
}

export interface Outcome extends SandboxExit {
  stdout: string;
  stderr: string;
  sandbox: Sandbox;
}

export interface RunOptions {
  env?: Record<string, Word>;
  request?: PolicyRequest;
  place?: Place;
  network?: NetworkPlacement;
  issue?: string;
  /** Leave the container, for looking at it; the bench removes it at its end. */
  keep?: boolean;
}

/** One instance of the sandbox services on a real engine, with a data directory of its own. */
export class SandboxBench {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'risoluto-sandbox-')));
  readonly data = DataDirectory.open(join(this.root, 'data'));
  readonly settings: Settings;
  readonly engine: DockerEngine;
  readonly watch: EngineWatch;
  readonly images: SandboxImages;
  readonly networks: SandboxNetworks;
  readonly helpers: HelperContainers;
  readonly sandboxes: Sandboxes;
  #places = 0;

  /** `codex`: the section of the operator's file; its keys count as configured. */
  constructor(
    codex: Record<string, unknown> = {},
    private readonly configuredKeys: ReadonlySet<string> = new Set(),
  ) {
    const dockerHost = process.env.DOCKER_HOST ?? null;
    const yaml = yamlSchema.parse({ codex, runs: { outputLimit: '16m' } });
    this.settings = {
      ...yaml,
      dockerHost,
      configuredKeys,
      paths: {
        dataDir: this.data.root,
        workspacesDir: join(this.root, 'workspaces'),
        configFile: null,
        masterKeyFile: null,
      },
    } as unknown as Settings;
    this.engine = new DockerEngine(dockerHost);
    this.watch = new EngineWatch(
      this.engine,
      new SystemClock(),
      new ReadinessProbes(),
      new RuntimeFacts(),
    );
    this.images = new SandboxImages(this.engine, this.data);
    this.networks = new SandboxNetworks(this.engine, this.data);
    const removals = new LateRemovals(this.engine);
    this.helpers = new HelperContainers(this.engine, this.settings, this.data, removals);
    this.sandboxes = new Sandboxes(this.engine, this.watch, this.settings, this.data, removals);
  }

  image(): Promise<ResolvedImage> {
    return this.images.resolve(this.settings.codex.sandbox.image);
  }

  /** A workspace and a HOME that belong to the image's agent. */
  async place(): Promise<Place> {
    const { uid, gid } = await this.image();
    this.#places += 1;
    const workspaceDir = join(this.root, 'workspaces', `w${this.#places}`);
    const homeDir = join(this.root, 'workspaces', `h${this.#places}`);
    for (const directory of [workspaceDir, homeDir]) {
      mkdirSync(directory, { recursive: true });
      chownSync(directory, uid, gid);
    }
    return { workspaceDir, homeDir };
  }

  async create(options: RunOptions = {}): Promise<Sandbox> {
    const resolvConf = join(this.root, 'resolv.conf');
    writeFileSync(resolvConf, '');
    return this.sandboxes.create({
      runId: newNonce(),
      issue: options.issue ?? `MT-${newNonce()}`,
      turn: 1,
      policy: effectivePolicy(this.settings.codex, this.configuredKeys, options.request),
      image: await this.image(),
      ...(options.place ?? (await this.place())),
      network: options.network ?? { mode: 'none' },
      resolvConf,
    });
  }

  /**
   * A container like `create` makes, but for one change: for seeing a probe succeed where the
   * control that stops it is missing.
   */
  async createChanged(
    change: (body: ContainerCreateBody) => void,
    options: RunOptions = {},
  ): Promise<Sandbox> {
    const policy = effectivePolicy(this.settings.codex, this.configuredKeys, options.request);
    const place = options.place ?? (await this.place());
    const resolvConf = join(this.root, 'resolv.conf');
    writeFileSync(resolvConf, '');
    const body = buildContainerSpec({
      policy,
      instanceId: this.data.instanceId,
      runId: newNonce(),
      issue: 'MT-1',
      turn: 1,
      image: await this.image(),
      network: options.network ?? { mode: 'none' },
      mounts: {
        ...place,
        resolvConf,
        layout: await readWorkspaceLayout(place.workspaceDir, policy),
        extraMounts: [],
      },
      seccompProfile: null,
      outputLimitBytes: this.settings.runs.outputLimit,
      hostname: 'changed',
    });
    change(body);
    const { id } = await this.engine.createContainer(`risoluto-${newNonce()}`, body);
    return new Sandbox(this.engine, id, {} as SandboxReport);
  }

  /** Runs a script in a container that lacks a control. */
  async scriptChanged(
    text: string,
    change: (body: ContainerCreateBody) => void,
    options: RunOptions = {},
  ): Promise<Outcome> {
    return this.#finish(await this.createChanged(change, options), ['sh', '-c', text], options);
  }

  /** Runs a command to its end and gives all that it printed. */
  async run(argv: readonly Word[], options: RunOptions = {}): Promise<Outcome> {
    return this.#finish(await this.create(options), argv, options);
  }

  async #finish(sandbox: Sandbox, argv: readonly Word[], options: RunOptions): Promise<Outcome> {
    const nonce = newNonce();
    await sandbox.start(encodeFrame({ env: options.env ?? {}, argv, nonce }), nonce);
    const printed = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    for await (const { stream, bytes } of sandbox.output()) printed[stream].push(bytes);
    const exit = await sandbox.wait();
    if (!options.keep) await sandbox.remove();
    return {
      ...exit,
      stdout: Buffer.concat(printed.stdout).toString('latin1'),
      stderr: Buffer.concat(printed.stderr).toString('latin1'),
      sandbox,
    };
  }

  /** Runs a shell script. */
  script(text: string, options: RunOptions = {}): Promise<Outcome> {
    return this.run(['sh', '-c', text], options);
  }

  /** Removes every container of this bench and its files. */
  async close(): Promise<void> {
    await this.sandboxes.removeAllOf();
    await this.helpers.removeAll();
    rmSync(this.root, { recursive: true, force: true });
  }
}
