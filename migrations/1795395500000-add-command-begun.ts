import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

const COMMANDS = 'running_commands';
const BEGUN = 'begun';

/** When a command began by the count of its host, which nobody sets. */
export class AddCommandBegun1795395500000 implements MigrationInterface {
  readonly name = 'AddCommandBegun1795395500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.addColumn(
      COMMANDS,
      new TableColumn({ name: BEGUN, type: 'text', isNullable: true }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn(COMMANDS, BEGUN);
  }
}
