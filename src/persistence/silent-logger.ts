import type { Logger } from 'typeorm';

const nothing = (): void => undefined;

/** TypeORM prints failed migrations and statements, parameters included, to standard output. */
export const silentLogger: Logger = {
  logQuery: nothing,
  logQueryError: nothing,
  logQuerySlow: nothing,
  logSchemaBuild: nothing,
  logMigration: nothing,
  log: nothing,
};
