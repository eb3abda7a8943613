import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = `
  const sqlite3 = require('sqlite3');
  const database = new sqlite3.Database(process.argv[1]);
  database.configure('busyTimeout', 5000);
  database.exec('BEGIN IMMEDIATE', (error) => {
    if (error) throw error;
    process.stdout.write('locked');
  });
  process.stdin.on('end', () => database.exec('ROLLBACK', () => process.exit(0))).resume();
`;

/** Another process has the database from now on until the answer is called. */
export async function lockDatabase(file: string): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ['-e', SCRIPT, file], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const locked = once(child.stdout, 'data');
  const first = await Promise.race([locked, exited]);
  if (String(first[0]) !== 'locked') throw new Error('the database could not be locked');
  return async () => {
    child.stdin.end();
    await exited;
  };
}
