import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const optional = (name: string, type: string) => ({ name, type, isNullable: true });

/** Runs, and the idempotency keys of the requests that made them. */
export class CreateRuns1795393000000 implements MigrationInterface {
  readonly name = 'CreateRuns1795393000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'runs',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'issue', type: 'text' },
          { name: 'status', type: 'text' },
          { name: 'request', type: 'text' },
          { name: 'actor', type: 'text' },
          optional('request_id', 'text'),
          optional('exit_code', 'integer'),
          optional('reason', 'text'),
          optional('message', 'text'),
          { name: 'created_at', type: 'bigint' },
          optional('preparing_at', 'bigint'),
          optional('running_at', 'bigint'),
          optional('ended_at', 'bigint'),
          optional('finished_at', 'bigint'),
          optional('cancel_requested_at', 'bigint'),
          optional('container_id', 'text'),
          optional('outcome', 'text'),
          optional('sandbox_report', 'text'),
        ],
      }),
    );
    await runner.createIndex(
      'runs',
      new TableIndex({ name: 'runs_status', columnNames: ['status', 'id'] }),
    );
    await runner.createIndex(
      'runs',
      new TableIndex({ name: 'runs_issue', columnNames: ['issue', 'id'] }),
    );
    await runner.createIndex(
      'runs',
      new TableIndex({ name: 'runs_issue_status', columnNames: ['issue', 'status'] }),
    );
    await runner.createTable(
      new Table({
        name: 'idempotency_keys',
        columns: [
          { name: 'actor', type: 'text', isPrimary: true },
          { name: 'route', type: 'text', isPrimary: true },
          { name: 'key', type: 'text', isPrimary: true },
          { name: 'body_hash', type: 'text' },
          { name: 'run_id', type: 'text' },
          { name: 'created_at', type: 'bigint' },
        ],
      }),
    );
    await runner.createIndex(
      'idempotency_keys',
      new TableIndex({ name: 'idempotency_keys_created', columnNames: ['created_at'] }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('idempotency_keys');
    await runner.dropTable('runs');
  }
}
