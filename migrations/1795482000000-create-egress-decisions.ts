import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const optional = (name: string, type: string) => ({ name, type, isNullable: true });

/** Which outbound connections of sandboxes were let through, and which were not. */
export class CreateEgressDecisions1795482000000 implements MigrationInterface {
  readonly name = 'CreateEgressDecisions1795482000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'egress_decisions',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'run_id', type: 'text' },
          { name: 'seq', type: 'integer' },
          { name: 'turn', type: 'integer' },
          { name: 'at', type: 'bigint' },
          { name: 'host', type: 'text' },
          { name: 'port', type: 'integer' },
          { name: 'allowed', type: 'integer' },
          optional('rule', 'text'),
          optional('reason', 'text'),
          { name: 'bytes_up', type: 'bigint' },
          { name: 'bytes_down', type: 'bigint' },
          optional('duration_ms', 'bigint'),
          { name: 'count', type: 'integer' },
        ],
      }),
    );
    await runner.createIndex(
      'egress_decisions',
      new TableIndex({
        name: 'egress_decisions_run',
        columnNames: ['run_id', 'seq'],
        isUnique: true,
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('egress_decisions');
  }
}
