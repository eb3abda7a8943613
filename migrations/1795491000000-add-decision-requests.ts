import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

const DECISIONS = 'egress_decisions';
const COLUMNS = [
  ['route', 'text'],
  ['method', 'text'],
  ['path', 'text'],
  ['status', 'integer'],
] as const;

/** What was asked on a credential route, and how it was answered. */
export class AddDecisionRequests1795491000000 implements MigrationInterface {
  readonly name = 'AddDecisionRequests1795491000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const [name, type] of COLUMNS) {
      await runner.addColumn(DECISIONS, new TableColumn({ name, type, isNullable: true }));
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name] of COLUMNS.toReversed()) await runner.dropColumn(DECISIONS, name);
  }
}
