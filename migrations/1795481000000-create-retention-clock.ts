import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The last time that retention took for true; of what is there already, the last run's end. */
export class CreateRetentionClock1795481000000 implements MigrationInterface {
  readonly name = 'CreateRetentionClock1795481000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'retention_clock',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true },
          { name: 'at', type: 'bigint' },
        ],
      }),
    );
    await runner.query(
      'INSERT INTO retention_clock (id, at) SELECT 1, COALESCE(MAX(finished_at), 0) FROM runs',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('retention_clock');
  }
}
