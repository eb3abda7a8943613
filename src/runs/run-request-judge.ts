import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { effectivePolicy } from '../sandbox/policy.js';
import { SecretVault } from '../secrets/secret-vault.js';
import { assertAgent, withAgentRoutes } from './agents/agent-choice.js';
import { TurnDrivers } from './agents/turn-driver.js';
import type { RunRequest } from './run-request.js';

/** What this service, as it is set up now, would not do of a request whose fields are right. */
@Injectable()
export class RunRequestJudge {
  constructor(
    private readonly settings: Settings,
    private readonly vault: SecretVault,
    private readonly drivers: TurnDrivers,
  ) {}

  /**
   * Answers the names of secrets that do not exist.
   *
   * @throws DomainError `policy_widened`, `control_unavailable`, `agent_unknown`, `secrets_locked`, and
   *   what the agent's driver refuses
   */
  async unknownSecrets(request: RunRequest): Promise<readonly string[]> {
    const { codex, configuredKeys } = this.settings;
    effectivePolicy(codex, configuredKeys, withAgentRoutes(this.drivers, request));
    assertAgent(this.drivers, request.agent);
    return this.vault.missing(Object.values(request.secrets));
  }
}
