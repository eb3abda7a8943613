import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const optional = (name: string, type: string) => ({ name, type, isNullable: true });

const PENDING = "status = 'pending'";

/** The inbox of webhooks: deliveries, the newest state of each thing, and bodies that are spent. */
export class CreateWebhookDeliveries1795484000000 implements MigrationInterface {
  readonly name = 'CreateWebhookDeliveries1795484000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'webhook_deliveries',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'source', type: 'text' },
          { name: 'delivery_id', type: 'text' },
          { name: 'body_hash', type: 'text' },
          { name: 'received_at', type: 'bigint' },
          optional('signed_at', 'bigint'),
          { name: 'type', type: 'text' },
          optional('action', 'text'),
          optional('issue', 'text'),
          optional('entity', 'text'),
          { name: 'occurred_at', type: 'bigint' },
          { name: 'lane', type: 'text' },
          { name: 'payload', type: 'text' },
          { name: 'status', type: 'text' },
          { name: 'attempts', type: 'integer' },
          { name: 'attempt_limit', type: 'integer' },
          { name: 'next_attempt_at', type: 'bigint' },
          optional('rule', 'text'),
          optional('run_id', 'text'),
          optional('reason', 'text'),
          optional('message', 'text'),
          optional('handled_at', 'bigint'),
          optional('considered', 'text'),
        ],
      }),
    );
    const index = (
      name: string,
      columnNames: string[],
      more: { isUnique?: true; where?: string },
    ) =>
      runner.createIndex(
        'webhook_deliveries',
        new TableIndex({ name: `webhook_deliveries_${name}`, columnNames, ...more }),
      );
    await index('body', ['source', 'body_hash'], { isUnique: true });
    await index('delivery', ['source', 'delivery_id'], { isUnique: true });
    await index('source', ['source', 'id'], {});
    await index('status', ['status', 'id'], {});
    await index('issue', ['issue', 'id'], {});
    await index('rule', ['rule', 'id'], {});
    await index('entity', ['source', 'entity', 'occurred_at'], {});
    await index('due', ['next_attempt_at', 'lane'], { where: PENDING });
    await index('lane', ['lane', 'occurred_at', 'id'], { where: PENDING });
    await runner.createTable(
      new Table({
        name: 'webhook_entities',
        columns: [
          { name: 'source', type: 'text', isPrimary: true },
          { name: 'entity', type: 'text', isPrimary: true },
          { name: 'applied_at', type: 'bigint' },
          { name: 'updated_at', type: 'bigint' },
        ],
      }),
    );
    await runner.createIndex(
      'webhook_entities',
      new TableIndex({ name: 'webhook_entities_updated', columnNames: ['updated_at'] }),
    );
    await runner.createTable(
      new Table({
        name: 'dispatched_runs',
        columns: [
          { name: 'run_id', type: 'text', isPrimary: true },
          { name: 'source', type: 'text' },
          { name: 'issue', type: 'text' },
          optional('entity', 'text'),
          { name: 'rule', type: 'text' },
        ],
      }),
    );
    await runner.createIndex(
      'dispatched_runs',
      new TableIndex({ name: 'dispatched_runs_issue', columnNames: ['source', 'issue'] }),
    );
    await runner.createIndex(
      'dispatched_runs',
      new TableIndex({ name: 'dispatched_runs_entity', columnNames: ['source', 'entity'] }),
    );
    await runner.createTable(
      new Table({
        name: 'webhook_spent_bodies',
        columns: [
          { name: 'source', type: 'text', isPrimary: true },
          { name: 'body_hash', type: 'text', isPrimary: true },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('webhook_spent_bodies');
    await runner.dropTable('dispatched_runs');
    await runner.dropTable('webhook_entities');
    await runner.dropTable('webhook_deliveries');
  }
}
