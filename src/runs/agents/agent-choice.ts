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

/** Whether such an agent would be started. @throws DomainError `agent_unknown`, or as its driver's `check` */
export function assertAgent(drivers: TurnDrivers, agent: AgentRequest | undefined): void {
  if (agent !== undefined) driverOf(drivers, agent).check(agent);
}
