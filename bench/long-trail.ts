import { FileAuditAnchor } from '../src/audit/file-audit-anchor.js';
import { openAuditedDatabase } from '../test/support/audited-database.js';

const FIRST_AT = Date.parse('2026-01-01T00:00:00Z');
const MS_BETWEEN_ROWS = 1000;

export const timeOf = (seq: number) => new Date(FIRST_AT + seq * MS_BETWEEN_ROWS).toISOString();

/**
 * A data directory whose trail has that many rows, of the usual size whose hashes nobody made; neither a list nor a
 * start looks at them. The head beside the
 * table fits, so that the service starts without a finding.
 */
export async function fillTrail(dataDir: string, rows: number): Promise<void> {
  const db = await openAuditedDatabase({ root: dataDir });
  const { writing } = db.database;
  await writing.query(
    `INSERT INTO audit_rows
       (seq, at, actor, action, target, request_id, details, prev_hash, hash, key_id)
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT i, ? + i * ?, 'token:ci-' || (i % 4), 'secret.set-' || (i % 4), 'KEY_' || (i % 10),
       hex(randomblob(13)), '{"note":"as long as details usually are"}',
       hex(randomblob(32)), hex(randomblob(32)), ? FROM n`,
    [rows, FIRST_AT, MS_BETWEEN_ROWS, db.key.id],
  );
  await writing.query('ANALYZE');
  const [head] = (await writing.query('SELECT seq, hash FROM audit_rows WHERE seq = ?', [
    rows,
  ])) as [{ seq: number; hash: string }];
  const hash = head.hash.toLowerCase();
  await writing.query('UPDATE audit_rows SET hash = ? WHERE seq = ?', [hash, rows]);
  const anchor = new FileAuditAnchor(db.anchorFile, db.key, () => db.directory.sync());
  await anchor.write({ seq: rows, hash });
  await db.close();
}
