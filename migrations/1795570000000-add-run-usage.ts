import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = { usage: 'text', used_tokens: 'bigint', used_cost_micros: 'bigint' };

/** What the agent of a run used of a model. */
export class AddRunUsage1795570000000 implements MigrationInterface {
  readonly name = 'AddRunUsage1795570000000';

  async up(runner: QueryRunner): Promise<void> {
    // The Table API would copy all runs, once a column.
    for (const [name, type] of Object.entries(COLUMNS)) {
      await runner.query(`ALTER TABLE runs ADD COLUMN ${name} ${type}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of Object.keys(COLUMNS)) {
      await runner.query(`ALTER TABLE runs DROP COLUMN ${name}`);
    }
  }
}
