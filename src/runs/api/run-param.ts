import { DomainError } from '../../kernel/domain-error.js';

/** The path parameter of everything about one run. */
export const RUN_PARAM = {
  name: 'id',
  description: 'The `id` that `POST /api/v1/runs` answered',
  schema: { type: 'string', example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' },
} as const;

/** The path parameter of one of its turns. */
export const TURN_PARAM = {
  name: 'number',
  description: 'The number of the turn, from 1',
  schema: { type: 'integer', example: 1 },
} as const;

/** @throws DomainError `turn_not_found` for what no turn has as its number. */
export function turnNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new DomainError('turn_not_found', 'The run has no turn with this number');
}
