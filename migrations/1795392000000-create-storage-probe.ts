import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** One row that readiness writes to know that the database can be written. */
export class CreateStorageProbe1795392000000 implements MigrationInterface {
  readonly name = 'CreateStorageProbe1795392000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'storage_probe',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true },
          { name: 'at', type: 'bigint' },
        ],
      }),
    );
    await runner.query('INSERT INTO storage_probe (id, at) VALUES (1, 0)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('storage_probe');
  }
}
