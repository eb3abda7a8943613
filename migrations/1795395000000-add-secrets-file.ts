import { Table, TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

const CHECKS = 'secrets_key_check';
const ENCRYPTIONS = 'encryptions';

/** What is known of `secrets.enc` and of the secrets in it, and how often a master key encrypted. */
export class AddSecretsFile1795395000000 implements MigrationInterface {
  readonly name = 'AddSecretsFile1795395000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'secrets_file',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true },
          { name: 'digest', type: 'text' },
          { name: 'previous_digest', type: 'text', isNullable: true },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'secrets_file_entries',
        columns: [
          { name: 'key', type: 'text', isPrimary: true },
          { name: 'version', type: 'integer', isNullable: true },
          { name: 'created_at', type: 'bigint', isNullable: true },
          { name: 'updated_at', type: 'bigint' },
          { name: 'updated_by', type: 'text' },
        ],
      }),
    );
    await runner.addColumn(
      CHECKS,
      new TableColumn({ name: ENCRYPTIONS, type: 'bigint', default: 0 }),
    );
    // Nobody counted so far. Each encryption had an audit row, of a secret or of the run that named it.
    await runner.query(
      `UPDATE ${CHECKS} SET ${ENCRYPTIONS} = (SELECT COALESCE(MAX(seq), 0) FROM audit_rows)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn(CHECKS, ENCRYPTIONS);
    await runner.dropTable('secrets_file_entries');
    await runner.dropTable('secrets_file');
  }
}
