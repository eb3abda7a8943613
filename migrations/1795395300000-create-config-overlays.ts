import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The overlay of the configuration that is in force, and those that were set aside. */
export class CreateConfigOverlays1795395300000 implements MigrationInterface {
  readonly name = 'CreateConfigOverlays1795395300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'config_overlays',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'content', type: 'text' },
          { name: 'problems', type: 'text', isNullable: true },
          { name: 'changed_at', type: 'bigint' },
          { name: 'changed_by', type: 'text' },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('config_overlays');
  }
}
