import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The hash-chained trail. Each filter of the API has its index on (column, seq). */
export class CreateAuditRows1795392100000 implements MigrationInterface {
  readonly name = 'CreateAuditRows1795392100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'audit_rows',
        columns: [
          // On SQLite only the exact word makes the key the row's own number.
          { name: 'seq', type: 'integer', isPrimary: true },
          { name: 'at', type: 'bigint' },
          { name: 'actor', type: 'text' },
          { name: 'action', type: 'text' },
          { name: 'target', type: 'text' },
          { name: 'request_id', type: 'text', isNullable: true },
          { name: 'details', type: 'text', isNullable: true },
          { name: 'prev_hash', type: 'text' },
          { name: 'hash', type: 'text' },
          { name: 'key_id', type: 'text' },
        ],
        indices: [
          { name: 'audit_rows_prev_hash', columnNames: ['prev_hash'], isUnique: true },
          { name: 'audit_rows_at', columnNames: ['at', 'seq'] },
          { name: 'audit_rows_actor', columnNames: ['actor', 'seq'] },
          { name: 'audit_rows_action', columnNames: ['action', 'seq'] },
          { name: 'audit_rows_target', columnNames: ['target', 'seq'] },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('audit_rows');
  }
}
