import { DomainError } from '../../kernel/domain-error.js';
import type { AgentRequest } from './agent-request.js';
import type { TurnDriver, TurnDrivers } from './turn-driver.js';

/** @throws DomainError `agent_unknown`, naming the kinds that there are. */
export function driverOf(drivers: TurnDrivers, { kind }: Pick<AgentRequest, 'kind'>): TurnDriver {
  const driver = drivers.of(kind);
  if (driver !== undefined) return driver;
  const kinds = drivers.kinds.join(', ') || 'none';
  throw new DomainError('agent_unknown', `There is no agent ${kind} here; there are: ${kinds}`, {
    details: [{ field: 'agent.kind', message: `must be one of: ${kinds}` }],
  });
}

/**
 * The request with the credential routes that its agent needs beside those that it names. Where the kind
 * is not known, as it is.
 */
export function withAgentRoutes<R extends AskedRoutes>(drivers: TurnDrivers, request: R): R {
  const { agent, credentialRoutes = [] } = request;
  const needed = agent === undefined ? [] : (drivers.of(agent.kind)?.routes(agent) ?? []);
  if (needed.length === 0) return request;
  return { ...request, credentialRoutes: [...new Set([...credentialRoutes, ...needed])] };
}

interface AskedRoutes {
  agent?: AgentRequest;
  credentialRoutes?: string[];
}

/** Whether such an agent would be started. @throws DomainError `agent_unknown`, or as its driver's `check` */
export function assertAgent(drivers: TurnDrivers, agent: AgentRequest | undefined): void {
  if (agent !== undefined) driverOf(drivers, agent).check(agent);
}

/** Whether the agent of such a run can shorten its conversation. @throws DomainError `compaction_unsupported`, `agent_unknown` */
export function assertCompacts(drivers: TurnDrivers, { agent }: AskedRoutes): void {
  if (agent === undefined) {
    throw new DomainError('compaction_unsupported', 'The run has no agent, so no conversation');
  }
  if (driverOf(drivers, agent).compacts) return;
  throw new DomainError(
    'compaction_unsupported',
    `Agents of the kind ${agent.kind} cannot be told to shorten their conversation`,
  );
}
