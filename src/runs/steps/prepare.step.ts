import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import { encodeFrame, newNonce } from '../../sandbox/frame.js';
import type { EffectivePolicy } from '../../sandbox/policy.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import { SecretVault } from '../../secrets/secret-vault.js';
import { Workspaces } from '../../workspaces/workspaces.service.js';
import { DirectoryGift } from '../directory-gift.js';
import { AgentAttempts } from '../agents/agent-attempts.js';
import { agentTurn } from '../agents/agent-conduct.js';
import type { AgentTurn } from '../agents/turn-driver.js';
import type { NetworkPlace } from '../network-place.js';
import type { RunSession } from '../run-session.js';
import { SandboxHost } from '../sandbox-host.js';
import { policyOfTurn } from '../turns/turn-policy.js';

const SECRETS_LIMIT_BYTES = 128 * 1024;

/** A turn without network access is not told of a gateway that it would wait for. */
const NO_PLACE: NetworkPlace = { mode: 'none', resolvConf: '' };

/** Bytes that go into the sandbox, once. */
export interface PreparedFrame {
  bytes: Buffer;
  nonce: string;
  /** What it starts is spoken to. */
  keepInput: boolean;
}

/** All that the next step needs. */
export interface PreparedRun {
  policy: EffectivePolicy;
  place: NetworkPlace;
  sandbox: Sandbox;
  frame: PreparedFrame;
  /** As the driver of its agent is told of it; `null` for a command. */
  agentTurn: AgentTurn | null;
}

/** `preparing`: everything up to a created, verified, not yet started sandbox. Nothing has run. */
@Injectable()
export class PrepareStep {
  constructor(
    private readonly settings: Settings,
    private readonly vault: SecretVault,
    private readonly workspaces: Workspaces,
    private readonly host: SandboxHost,
    private readonly gift: DirectoryGift,
    private readonly attempts: AgentAttempts,
  ) {}

  /**
   * @throws DomainError for anything that keeps the run from starting: a control that cannot be
   *   applied, a missing secret, the engine away. What was made until then is in the session.
   */
  async run(session: RunSession): Promise<PreparedRun> {
    const { run, request } = session;
    const policy = this.#policy(session);
    session.agent = request.agent ? await this.attempts.current(run, request.agent) : null;
    const placing = this.host.network
      .place(run.id, policy)
      .then((found) => (session.place = found));
    const [injected, image, place] = await Promise.all([
      this.#injected(session),
      this.host.images.resolve(policy.image),
      placing,
    ]).catch(async (error: unknown) => {
      // A place that is found after a failure must be in the session, or nobody gives it back.
      await placing.catch(() => undefined);
      throw error;
    });
    const paths = await this.workspaces.prepare(run.issue, image, (directory) =>
      this.gift.give(directory, image),
    );
    const gateway = policy.networkAccess ? place : NO_PLACE;
    const turn = session.agent && agentTurn(session, session.agent, { policy, routes: {} });
    const frame = this.#frame(session, { injected, place: gateway, turn });
    const sandbox = await this.host.sandboxes.create({
      runId: run.id,
      issue: run.issue,
      turn: run.turn,
      policy,
      image,
      ...paths,
      network: place,
      keepInput: frame.keepInput,
      resolvConf: place.resolvConf,
    });
    session.sandbox = sandbox;
    session.gatewayPassword = this.host.network.credentials(gateway, run.id, run.turn)?.password;
    if (place.mode === 'bridge') await place.confirmed;
    return { policy, place, sandbox, frame, agentTurn: turn };
  }

  /** It was checked when the run was accepted: what has changed since is the operator's word. */
  #policy({ request }: RunSession): EffectivePolicy {
    try {
      return policyOfTurn(this.settings, this.attempts.withRoutes(request));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'policy_widened') throw error;
      throw new DomainError(
        'policy_widened',
        'The operator’s policy became narrower after the run was accepted, so its command was not ' +
          'started; ask for no more than it allows now',
        { details: error.details ?? [], cause: error },
      );
    }
  }

  /** The values of the secrets that the run names, by their variables. */
  async #injected(session: RunSession): Promise<ReadonlyMap<string, string>> {
    const { secrets } = session.request;
    const values = await this.vault.reveal(Object.values(secrets));
    const injected = new Map<string, string>();
    for (const [variable, name] of Object.entries(secrets)) {
      const value = values.get(name);
      if (value !== undefined) injected.set(variable, value.reveal());
    }
    refuseTooLarge(injected);
    session.secretValues = [...injected.values()];
    return injected;
  }

  #frame({ request, run, agent }: RunSession, { injected, place, turn }: Given): PreparedFrame {
    const passed = Object.entries(this.settings.passedEnvironment);
    const nonce = newNonce();
    const environment = {
      ...this.host.network.proxyEnvironment(place, run.id, run.turn),
      ...Object.fromEntries(passed.map(([name, value]) => [name, value.reveal()])),
      ...(request.env as Record<string, string>),
      ...Object.fromEntries(injected),
    };
    if (agent === null || turn === null) {
      const argv = request.command ?? [];
      return { nonce, keepInput: false, bytes: encodeFrame({ argv, env: environment, nonce }) };
    }
    const { argv, env, files, links = [], input } = agent.driver.launch(turn);
    const bytes = encodeFrame({
      argv,
      env: { ...environment, ...env },
      nonce,
      files: { files, links },
      input: input === undefined ? 'open' : { text: input },
    });
    return { nonce, keepInput: input === undefined, bytes };
  }
}

/** What of a turn is put into its frame beside its request. */
interface Given {
  injected: ReadonlyMap<string, string>;
  place: NetworkPlace;
  turn: AgentTurn | null;
}

/** Every value is looked for in the output in a dozen encodings, which costs time by their length. */
function refuseTooLarge(values: ReadonlyMap<string, string>): void {
  let total = 0;
  for (const value of values.values()) total += Buffer.byteLength(value);
  if (total <= SECRETS_LIMIT_BYTES) return;
  throw new DomainError('environment_refused', 'The secrets of the run are too large together', {
    details: [
      { field: 'secrets', message: `must have at most ${SECRETS_LIMIT_BYTES} bytes, not ${total}` },
    ],
  });
}
