import type { DataSource } from 'typeorm';
import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { migrations } from '../../migrations/index.js';
import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
  type TemporaryDatabase,
} from '../../test/support/temporary-database.js';

type Row = Record<string, unknown>;
type Tables = Record<string, Row[]>;

interface Loss {
  tables?: Tables;
  columns?: Record<string, Row>;
  /** Tables that the way up fills from others, as those are then. */
  remade?: (rows: Tables) => Tables;
}

/**
 * What a step down takes away, and what the way up again makes of it. A table that is not named here
 * lives through the step with every row and column.
 */
const LOST: Readonly<Record<string, Loss>> = {
  CreateStorageProbe1795392000000: { tables: { storage_probe: [{ id: 1, at: 0 }] } },
  CreateAuditRows1795392100000: { tables: { audit_rows: [] } },
  CreateEncryptedSecrets1795392200000: {
    tables: { encrypted_secrets: [], secrets_key_check: [] },
  },
  // Without runs nothing says what time it was.
  CreateRuns1795393000000: {
    tables: {
      runs: [],
      idempotency_keys: [],
      run_turns: [],
      retention_clock: [{ id: 1, at: 0, ahead_at: null, ahead_for: 0 }],
    },
  },
  CreateRunningCommands1795394000000: { tables: { running_commands: [] } },
  CreateHardeningAcknowledgements1795394100000: { tables: { hardening_acknowledgements: [] } },
  // The count begins with what the audit trail says of it: the two rows that `fill` makes.
  AddSecretsFile1795395000000: {
    tables: { secrets_file: [], secrets_file_entries: [] },
    columns: { secrets_key_check: { encryptions: 2 } },
  },
  CreateConfigOverlays1795395300000: { tables: { config_overlays: [] } },
  AddCommandBegun1795395500000: { columns: { running_commands: { begun: null } } },
  // What the last run's end says of the time, which is what `value` gives every number.
  CreateRetentionClock1795481000000: {
    tables: { retention_clock: [{ id: 1, at: 102, ahead_at: null, ahead_for: 0 }] },
  },
  CreateEgressDecisions1795482000000: { tables: { egress_decisions: [] } },
  // Each run had one turn, of which the run tells what it knows.
  CreateRunTurns1795483000000: {
    columns: { runs: { keep_alive: 0, turn: 1, idle_since: null, idle_moment: null } },
    remade: ({ runs = [] }) => ({ run_turns: runs.map(onlyTurnOf) }),
  },
  CreateWebhookDeliveries1795484000000: {
    tables: {
      webhook_deliveries: [],
      webhook_entities: [],
      webhook_spent_bodies: [],
      dispatched_runs: [],
    },
  },
  AddDecisionRequests1795491000000: {
    columns: { egress_decisions: { route: null, method: null, path: null, status: null } },
  },
  CreateOutbox1795490000000: { tables: { outbox_follows: [], outbox_messages: [] } },
  CreateAgentRuns1795560000000: { tables: { agent_runs: [] } },
  AddRunBase1795492000000: { columns: { runs: { base: null } } },
  AddRunUsage1795570000000: {
    columns: { runs: { usage: null, used_tokens: null, used_cost_micros: null } },
  },
  CreateApprovals1795571000000: { tables: { approvals: [] } },
  CreateCodexLogins1795572000000: { tables: { codex_logins: [] } },
  AddClockAhead1795482100000: { columns: { retention_clock: { ahead_at: null, ahead_for: 0 } } },
};

let database: TemporaryDatabase | null = null;
afterEach(() => database?.close());
afterAll(removeTemporaryDirectories);

async function tableNames(source: DataSource): Promise<string[]> {
  const rows = (await source.query(
    `SELECT name FROM sqlite_master WHERE type = 'table'
     AND name NOT LIKE 'sqlite_%' AND name <> 'risoluto_migrations' ORDER BY name`,
  )) as { name: string }[];
  return rows.map(({ name }) => name);
}

async function tables(source: DataSource): Promise<Tables> {
  const found: Tables = {};
  for (const name of await tableNames(source)) {
    found[name] = (await source.query(`SELECT * FROM ${name} ORDER BY 1`)) as Row[];
  }
  return found;
}

interface Column {
  name: string;
  type: string;
}

/** Two rows in every table, a value in every column. */
async function fill(source: DataSource): Promise<void> {
  for (const table of await tableNames(source)) {
    const columns = (await source.query(`PRAGMA table_info(${table})`)) as Column[];
    await source.query(`DELETE FROM ${table}`);
    const names = columns.map(({ name }) => name).join();
    for (const row of [1, 2]) {
      const values = columns.map(({ name, type }, index) => value({ name, type }, row, index));
      const marks = values.map(() => '?').join();
      await source.query(`INSERT INTO ${table} (${names}) VALUES (${marks})`, values);
    }
  }
}

function value({ name, type }: Column, row: number, index: number): string | number {
  if (name === 'id' && type === 'integer') return row;
  if (name === 'seq') return row;
  return type === 'text' ? `${name} ${row} “ü”` : 100 + row + (name === 'finished_at' ? 0 : index);
}

/** What is there after a step down and up again. */
function expected(before: Tables, migration: string): Tables {
  const { tables: emptied = {}, columns = {}, remade } = LOST[migration] ?? {};
  const after: Tables = { ...before, ...emptied };
  for (const [table, values] of Object.entries(columns)) {
    after[table] = (before[table] ?? []).map((row) => ({ ...row, ...values }));
  }
  return { ...after, ...remade?.(after) };
}

function onlyTurnOf(run: Row): Row {
  const kept = ['status', 'actor', 'request_id', 'created_at', 'running_at', 'ended_at'];
  return {
    ...{ id: run.id, run_id: run.id, number: 1, request: null, sandbox_report: null },
    ...Object.fromEntries(
      [...kept, 'exit_code', 'reason', 'message'].map((name) => [name, run[name]]),
    ),
  };
}

describe('a filled database', () => {
  const names = migrations.map((migration) => new migration().name);

  it('is known to lose what a step down takes: each step says so here', () => {
    expect(Object.keys(LOST).sort()).toEqual([...names].sort());
  });

  it.each(names.map((name, index) => [name, names.length - index] as const))(
    'keeps all but what %s is about, through the way down there and up again',
    async (_name, steps) => {
      database = await openTemporaryDatabase();
      const source = database.database.writing;
      await fill(source);
      const before = await tables(source);
      const undone = names.slice(names.length - steps).reverse();
      for (const _ of undone) await source.undoLastMigration({ transaction: 'each' });
      await source.runMigrations({ transaction: 'each' });
      // In the order of the way down: what an older step takes is what counts.
      const after = undone.reduce(expected, before);
      expect(await tables(source)).toEqual(after);
    },
  );
});
