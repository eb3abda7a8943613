// For each line on standard input, which is a number of milliseconds: callers that insert one durable
// row after another through `sqlite3` alone for so long, then a line with how many rows that were.
import { createInterface } from 'node:readline';

import sqlite3 from 'sqlite3';

const { FILE = '', CALLERS = '1' } = process.env;
const VALUE = 'x'.repeat(200);

const database = new sqlite3.Database(FILE);
const execute = (sql) =>
  new Promise((resolve, reject) => {
    database.exec(sql, (error) => (error ? reject(error) : resolve()));
  });
await execute(
  'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, value TEXT)',
);

const insert = () =>
  new Promise((resolve, reject) => {
    database.run('INSERT INTO rows (value) VALUES (?)', [VALUE], (error) =>
      error ? reject(error) : resolve(),
    );
  });

async function insertFor(milliseconds) {
  const began = performance.now();
  let rows = 0;
  const caller = async () => {
    while (performance.now() - began < milliseconds) {
      await insert();
      rows += 1;
    }
  };
  await Promise.all(Array.from({ length: Number(CALLERS) }, caller));
  return { rows, elapsedMs: performance.now() - began };
}

console.log('ready');
for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(await insertFor(Number(line))));
}
