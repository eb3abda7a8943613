import { type MigrationInterface, type QueryRunner, TableColumn } from 'typeorm';

const CLOCK = 'retention_clock';

/** How long the service has run with a clock that is ahead, so that a restart does not begin anew. */
export class AddClockAhead1795482100000 implements MigrationInterface {
  readonly name = 'AddClockAhead1795482100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.addColumns(CLOCK, [
      new TableColumn({ name: 'ahead_at', type: 'bigint', isNullable: true }),
      new TableColumn({ name: 'ahead_for', type: 'bigint', default: 0 }),
    ]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumns(CLOCK, ['ahead_at', 'ahead_for']);
  }
}
