import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const optional = (name: string, type: string) => ({ name, type, isNullable: true });

/** What agents asked to be allowed, and what they were answered. */
export class CreateApprovals1795571000000 implements MigrationInterface {
  readonly name = 'CreateApprovals1795571000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'approvals',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'run_id', type: 'text' },
          { name: 'turn', type: 'integer' },
          { name: 'question', type: 'text' },
          { name: 'kind', type: 'text' },
          { name: 'text', type: 'text' },
          { name: 'asked_at', type: 'bigint' },
          { name: 'expires_at', type: 'bigint' },
          optional('decision', 'text'),
          optional('decided_at', 'bigint'),
          optional('decided_by', 'text'),
        ],
      }),
    );
    const index = (name: string, columnNames: string[], isUnique: boolean) =>
      runner.createIndex(
        'approvals',
        new TableIndex({ name: `approvals_${name}`, columnNames, isUnique }),
      );
    await index('question', ['run_id', 'question'], true);
    await index('run', ['run_id', 'id'], false);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('approvals');
  }
}
