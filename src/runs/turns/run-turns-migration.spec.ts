import { afterAll, expect, it } from 'vitest';

import { migrations } from '../../../migrations/index.js';
import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
} from '../../../test/support/temporary-database.js';

afterAll(removeTemporaryDirectories);

const OLD = migrations.slice(
  0,
  migrations.findIndex(({ name }) => name.startsWith('CreateRunTu')),
);

const REQUEST = JSON.stringify({ command: ['true'], env: { CI: 'a value' }, secrets: {} });
const WIPED = JSON.stringify({ command: ['true'], env: { CI: null }, secrets: {} });

const rowsOf = (id: string, status: string, more = 'NULL, NULL, NULL') =>
  `('${id}', 'MT-1', '${status}', '${REQUEST}', 'loopback', 'req-1', 10, ${more})`;

it('gives each run that is there its turn, and takes turns away again without losing a run', async () => {
  const before = await openTemporaryDatabase({ migrations: OLD });
  await before.database.writing.query(
    `INSERT INTO runs (id, issue, status, request, actor, request_id, created_at, running_at,
       ended_at, exit_code) VALUES ${rowsOf('A', 'failed', '20, 30, 7')}, ${rowsOf('B', 'queued')},
       ${rowsOf('C', 'running', '20, NULL, NULL')}`,
  );
  const { root } = before.directory;
  await before.close();

  const after = await openTemporaryDatabase({ root });
  const { writing } = after.database;
  const turns = await writing.query<object[]>('SELECT * FROM run_turns ORDER BY id');
  const common = { number: 1, actor: 'loopback', request_id: 'req-1', created_at: 10 };
  expect(turns).toMatchObject([
    { ...common, id: 'A', run_id: 'A', status: 'failed', running_at: 20, ended_at: 30 },
    { ...common, id: 'B', run_id: 'B', status: 'queued', request: null, running_at: null },
    { ...common, id: 'C', run_id: 'C', status: 'running', running_at: 20, ended_at: null },
  ]);
  expect(turns[0]).toMatchObject({ exit_code: 7 });
  const added = await writing.query<object[]>(
    'SELECT keep_alive, turn, idle_since, idle_moment FROM runs WHERE id = ?',
    ['A'],
  );
  expect(added).toEqual([{ keep_alive: 0, turn: 1, idle_since: null, idle_moment: null }]);

  await writing.query(
    `INSERT INTO runs (id, issue, status, request, actor, request_id, created_at, keep_alive, turn,
       idle_since) VALUES ('D', 'MT-2', 'idle', '${REQUEST}', 'loopback', 'r', 10, true, 2, 40),
       ('E', 'MT-3', 'idle', '${REQUEST}', 'loopback', 'r', 10, true, 2, NULL)`,
  );
  await writing.query(
    `INSERT INTO run_turns (id, run_id, number, status, actor, created_at) VALUES
       ('D', 'D', 1, 'succeeded', 'loopback', 10), ('D2', 'D', 2, 'timed_out', 'loopback', 10),
       ('E', 'E', 1, 'succeeded', 'loopback', 10), ('E2', 'E', 2, 'queued', 'loopback', 10)`,
  );
  const later = migrations.length - OLD.length;
  for (let undone = 0; undone < later; undone += 1) {
    await writing.undoLastMigration({ transaction: 'each' });
  }
  const left = await writing.query<{ status: string; request: string }[]>(
    'SELECT id, status, request, finished_at IS NULL AS open FROM runs ORDER BY id',
  );
  expect(left).toEqual([
    { id: 'A', status: 'failed', request: REQUEST, open: 1 },
    { id: 'B', status: 'queued', request: REQUEST, open: 1 },
    { id: 'C', status: 'running', request: REQUEST, open: 1 },
    { id: 'D', status: 'timed_out', request: WIPED, open: 0 },
    { id: 'E', status: 'cancelled', request: WIPED, open: 0 },
  ]);
  const schema = await writing.query<{ name: string }[]>(
    "SELECT name FROM sqlite_master WHERE tbl_name IN ('runs', 'run_turns') AND type = 'index'",
  );
  expect(schema.map(({ name }) => name).filter((name) => !name.startsWith('sqlite_'))).toEqual([
    'runs_status',
    'runs_issue',
    'runs_issue_status',
  ]);
  await writing.runMigrations({ transaction: 'each' });
  expect(await writing.query('SELECT COUNT(*) AS count FROM run_turns')).toEqual([{ count: 5 }]);
  await after.close();
});
