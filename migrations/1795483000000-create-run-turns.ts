import { Table, TableIndex, type MigrationInterface, type QueryRunner } from 'typeorm';

const optional = (name: string, type: string) => ({ name, type, isNullable: true });

/** The turns of runs. Each run that is there had one. */
export class CreateRunTurns1795483000000 implements MigrationInterface {
  readonly name = 'CreateRunTurns1795483000000';

  async up(runner: QueryRunner): Promise<void> {
    // The Table API would copy all runs, once a column.
    await runner.query('ALTER TABLE runs ADD COLUMN keep_alive boolean NOT NULL DEFAULT false');
    await runner.query('ALTER TABLE runs ADD COLUMN turn integer NOT NULL DEFAULT 1');
    await runner.query('ALTER TABLE runs ADD COLUMN idle_since bigint');
    await runner.query('ALTER TABLE runs ADD COLUMN idle_moment text');
    await runner.createTable(
      new Table({
        name: 'run_turns',
        columns: [
          { name: 'id', type: 'text', isPrimary: true },
          { name: 'run_id', type: 'text' },
          { name: 'number', type: 'integer' },
          { name: 'status', type: 'text' },
          optional('request', 'text'),
          { name: 'actor', type: 'text' },
          optional('request_id', 'text'),
          { name: 'created_at', type: 'bigint' },
          optional('running_at', 'bigint'),
          optional('ended_at', 'bigint'),
          optional('exit_code', 'integer'),
          optional('reason', 'text'),
          optional('message', 'text'),
          optional('sandbox_report', 'text'),
        ],
      }),
    );
    await runner.query(
      `INSERT INTO run_turns (id, run_id, number, status, actor, request_id, created_at, running_at,
         ended_at, exit_code, reason, message)
       SELECT id, id, 1, status, actor, request_id, created_at, running_at, ended_at, exit_code,
         reason, message FROM runs`,
    );
    for (const index of INDEXES) await runner.createIndex('run_turns', index);
  }

  /** A run between its turns ends as its last one did, one whose next turn waits as cancelled. */
  async down(runner: QueryRunner): Promise<void> {
    await this.#endIdle(runner);
    await runner.dropTable('run_turns');
    for (const name of ['keep_alive', 'turn', 'idle_since', 'idle_moment']) {
      await runner.query(`ALTER TABLE runs DROP COLUMN ${name}`);
    }
  }

  async #endIdle(runner: QueryRunner): Promise<void> {
    const idle = (await runner.query(
      `SELECT run.id AS id, run.request AS request, turn.status AS status
       FROM runs AS run JOIN run_turns AS turn ON turn.run_id = run.id AND turn.number = run.turn
       WHERE run.status = 'idle'`,
    )) as { id: string; request: string; status: string }[];
    for (const { id, request, status } of idle) {
      const ended = status === 'queued' ? 'cancelled' : status;
      await runner.query('UPDATE runs SET status = ?, finished_at = ?, request = ? WHERE id = ?', [
        ended,
        Date.now(),
        withoutValues(request),
        id,
      ]);
    }
  }
}

const INDEXES = [
  new TableIndex({ name: 'run_turns_run', columnNames: ['run_id', 'number'], isUnique: true }),
  new TableIndex({ name: 'run_turns_status', columnNames: ['status', 'id'] }),
];

/** The values of a run's environment are wiped when it ends. */
function withoutValues(stored: string): string {
  const request = JSON.parse(stored) as { env: Record<string, unknown> };
  const env = Object.fromEntries(Object.keys(request.env).map((name) => [name, null]));
  return JSON.stringify({ ...request, env });
}
