import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** What the agent of a run remembers, and which attempt at its turn goes on. */
export class CreateAgentRuns1795560000000 implements MigrationInterface {
  readonly name = 'CreateAgentRuns1795560000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'agent_runs',
        columns: [
          { name: 'run_id', type: 'text', isPrimary: true },
          { name: 'memory', type: 'text', isNullable: true },
          { name: 'turn', type: 'integer' },
          { name: 'attempt', type: 'integer' },
          { name: 'spent_ms', type: 'bigint' },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('agent_runs');
  }
}
