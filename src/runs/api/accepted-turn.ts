import type { ApiResponseOptions } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { TurnView } from '../turns/turn-view.dto.js';
import type { TurnOfRun } from '../turns/turns.service.js';

/** How a request for a turn is answered, in the document. */
export const ACCEPTED_TURN: ApiResponseOptions = {
  description: 'The turn was accepted; it is stored and will be run once',
  type: TurnView,
  headers: {
    Location: {
      description: 'Where the turn is read',
      required: true,
      schema: { type: 'string', example: '/api/v1/runs/01K8Z3Q5V7W9X1Y3Z5A7B9C1D3/turns/2' },
    },
  },
};

/** Why a further turn is not accepted, whatever it is to do. */
export const TURN_REFUSALS = [
  'run_not_found',
  'run_not_kept_alive',
  'run_finished',
  'turn_active',
  'policy_widened',
  'control_unavailable',
  'agent_unknown',
  'credential_route_unknown',
  'secret_unknown',
  'secrets_locked',
  'queue_full',
  'storage_busy',
  'storage_unavailable',
] as const;

export function locateTurn(reply: FastifyReply, { run, turn }: TurnOfRun): void {
  void reply.header('Location', `/api/v1/runs/${run.id}/turns/${turn.number}`);
}
