/** Variables that the command line alone reads; the service lets them be. */
export const CLIENT_VARIABLES = ['RISOLUTO_URL'] as const;
