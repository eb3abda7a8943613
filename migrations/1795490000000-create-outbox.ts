import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const optional = (name: string, type: string) => ({ name, type, isNullable: true });

const PENDING = "status = 'pending'";

/** Who is to be told of which run, and the messages that came of it. */
export class CreateOutbox1795490000000 implements MigrationInterface {
  readonly name = 'CreateOutbox1795490000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'outbox_follows',
        columns: [
          { name: 'run_id', type: 'text', isPrimary: true },
          { name: 'target', type: 'text' },
          { name: 'wishes', type: 'text' },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'outbox_messages',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'run_id', type: 'text' },
          { name: 'kind', type: 'text' },
          { name: 'target', type: 'text' },
          { name: 'lane', type: 'text' },
          { name: 'wish', type: 'text' },
          { name: 'facts', type: 'text' },
          { name: 'comment_id', type: 'text' },
          { name: 'status', type: 'text' },
          { name: 'attempts', type: 'integer' },
          { name: 'next_attempt_at', type: 'bigint' },
          { name: 'created_at', type: 'bigint' },
          optional('commented_at', 'bigint'),
          optional('settled_at', 'bigint'),
          optional('reason', 'text'),
          optional('message', 'text'),
        ],
      }),
    );
    const index = (
      name: string,
      columnNames: string[],
      more: { isUnique?: true; where?: string } = {},
    ) =>
      runner.createIndex(
        'outbox_messages',
        new TableIndex({ name: `outbox_messages_${name}`, columnNames, ...more }),
      );
    await index('run', ['run_id', 'kind'], { isUnique: true });
    await index('status', ['status', 'id']);
    await index('comment', ['comment_id']);
    await index('due', ['next_attempt_at'], { where: PENDING });
    await index('lane', ['lane', 'id'], { where: PENDING });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('outbox_messages');
    await runner.dropTable('outbox_follows');
  }
}
