import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const TABLE = 'hardening_acknowledgements';

/** What operators have said to be done: that the master key has a backup. */
export class CreateHardeningAcknowledgements1795394100000 implements MigrationInterface {
  readonly name = 'CreateHardeningAcknowledgements1795394100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: TABLE,
        columns: [
          { name: 'item', type: 'text', isPrimary: true },
          { name: 'subject', type: 'text' },
          { name: 'acknowledged_at', type: 'bigint' },
          { name: 'acknowledged_by', type: 'text' },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(TABLE);
  }
}
