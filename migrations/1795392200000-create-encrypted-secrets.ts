import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

const TABLE = 'encrypted_secrets';
const TABLE_OF_0_6 = 'encrypted_secrets_0_6';
const FORMAT_OF_0_6 = 0;

interface RowOf06 {
  key: string;
  ciphertext: string;
  iv: string;
  auth_tag: string;
  updated_at: string | number | null;
}

/**
 * Stored secrets. Where Risoluto 0.6 left a table of this name (key, ciphertext, iv, auth_tag,
 * updated_at) its rows are taken over unchanged, with format 0 (no additional data) and version 1.
 */
export class CreateEncryptedSecrets1795392200000 implements MigrationInterface {
  readonly name = 'CreateEncryptedSecrets1795392200000';

  async up(runner: QueryRunner): Promise<void> {
    const upgrade = await runner.hasTable(TABLE);
    if (upgrade) await runner.query(`ALTER TABLE ${TABLE} RENAME TO ${TABLE_OF_0_6}`);
    await runner.createTable(
      new Table({
        name: TABLE,
        columns: [
          { name: 'key', type: 'text', isPrimary: true },
          { name: 'ciphertext', type: 'text' },
          { name: 'iv', type: 'text' },
          { name: 'auth_tag', type: 'text' },
          { name: 'format', type: 'integer' },
          { name: 'version', type: 'integer' },
          { name: 'created_at', type: 'bigint' },
          { name: 'updated_at', type: 'bigint' },
          { name: 'updated_by', type: 'text' },
        ],
      }),
    );
    await runner.createTable(
      new Table({
        name: 'secrets_key_check',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true },
          { name: 'ciphertext', type: 'text' },
          { name: 'iv', type: 'text' },
          { name: 'auth_tag', type: 'text' },
        ],
      }),
    );
    if (upgrade) await this.#takeOver(runner);
  }

  /** Takes the secrets away: to go back, restore the backup from before the upgrade. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('secrets_key_check');
    await runner.dropTable(TABLE);
  }

  async #takeOver(runner: QueryRunner): Promise<void> {
    const now = Date.now();
    const rows = (await runner.query(`SELECT * FROM ${TABLE_OF_0_6}`)) as RowOf06[];
    for (const row of rows) {
      const updatedAt = timeOf(row.updated_at) ?? now;
      await runner.query(
        `INSERT INTO ${TABLE} (key, ciphertext, iv, auth_tag, format, version, created_at, updated_at, updated_by)
         VALUES (?, ?, ?, ?, ?, 1, ?, ?, 'system')`,
        [row.key, row.ciphertext, row.iv, row.auth_tag, FORMAT_OF_0_6, updatedAt, updatedAt],
      );
    }
    await runner.dropTable(TABLE_OF_0_6);
  }
}

/** Milliseconds from ISO text, SQL text in UTC, or a number of seconds or milliseconds. */
function timeOf(value: string | number | null): number | null {
  const text = String(value ?? '').trim();
  if (/^\d+$/.test(text)) return Number(text) < 1e11 ? Number(text) * 1000 : Number(text);
  const sql = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/.exec(text);
  const time = Date.parse(sql ? `${sql[1]}T${sql[2]}Z` : text);
  return Number.isNaN(time) ? null : time;
}
