/** How the API gives a time: ISO-8601, UTC. */
export const TIME = { format: 'date-time', example: '2026-11-23T12:00:00.000Z' } as const;
