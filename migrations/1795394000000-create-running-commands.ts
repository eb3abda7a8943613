import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What it takes to go on with a command that runs when the service restarts. */
export class CreateRunningCommands1795394000000 implements MigrationInterface {
  readonly name = 'CreateRunningCommands1795394000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'running_commands',
        columns: [
          { name: 'run_id', type: 'text', isPrimary: true },
          { name: 'nonce', type: 'text' },
          { name: 'place', type: 'text' },
          { name: 'limits', type: 'text' },
          { name: 'masked_values', type: 'text', isNullable: true },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('running_commands');
  }
}
