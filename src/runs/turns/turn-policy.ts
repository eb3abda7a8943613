import type { Settings } from '../../config/settings.js';
import { effectivePolicy, type EffectivePolicy } from '../../sandbox/policy.js';
import type { GivenRequest } from './turn-request.js';

/** Of the settings, those that bound a request. */
export type OperatorSettings = Pick<Settings, 'codex' | 'configuredKeys'>;

const NETWORK = 'turnSandboxPolicy.networkAccess';

/**
 * What the sandbox of a turn is allowed. A further turn that says nothing of its sandbox gets the
 * run's own turn policy without the network, whoever allows it.
 *
 * @throws as `effectivePolicy`
 */
export function policyOfTurn(operator: OperatorSettings, request: GivenRequest): EffectivePolicy {
  const { codex, configuredKeys } = operator;
  const asRun = effectivePolicy(codex, configuredKeys, request);
  if (request.withoutNetwork === undefined || !asRun.networkAccess) return asRun;
  const turnSandboxPolicy = { ...asRun.turn, networkAccess: false };
  const policy = effectivePolicy(codex, configuredKeys, {
    ...request,
    policy: { ...request.policy, turnSandboxPolicy },
  });
  // Nobody asked for that policy: the network alone is other than what was decided for the run.
  return { ...policy, sources: { ...asRun.sources, [NETWORK]: 'default' } };
}
