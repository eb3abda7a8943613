import type { EntityManager } from 'typeorm';

/** The read-only side of the database: committed rows only, and SQLite itself refuses its writes. */
export abstract class ReadSource {
  abstract readonly manager: EntityManager;
}
