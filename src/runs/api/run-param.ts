/** The path parameter of everything about one run. */
export const RUN_PARAM = {
  name: 'id',
  description: 'The `id` that `POST /api/v1/runs` answered',
  schema: { type: 'string', example: '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3' },
} as const;
