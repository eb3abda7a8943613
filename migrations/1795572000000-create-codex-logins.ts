import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Tokens that were renewed for the host's Codex logins, sealed under the master key. */
export class CreateCodexLogins1795572000000 implements MigrationInterface {
  readonly name = 'CreateCodexLogins1795572000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'codex_logins',
        columns: [
          { name: 'file', type: 'text', isPrimary: true },
          { name: 'sealed', type: 'text' },
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('codex_logins');
  }
}
