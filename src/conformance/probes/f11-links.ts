import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { failed, inconclusive, notApplicable, passed, type Finding } from '../finding.js';
import type { Probe } from '../probe.js';

/** What is on the host and must not come out, and what is in the workspace and must. */
export const links: Probe = {
  id: 'F11',
  title: 'The service follows no link out of a workspace',
  group: 'file system',
  async attempt(bench: Bench) {
    if (bench.subject.host === null) return notApplicable('the service is not on this machine');
    if (bench.subject.workspaceReadOnly)
      return notApplicable('the workspace is read-only by policy');
    const directory = mkdtempSync(join(tmpdir(), 'risoluto-conformance-'));
    try {
      return await followed(bench, directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};

async function followed(bench: Bench, directory: string): Promise<Finding> {
  const [outside, inside] = [`outside-${bench.nonce}`, `inside-${bench.nonce}`];
  writeFileSync(join(directory, 'file'), outside, { mode: 0o644 });
  const issue = bench.issue();
  const script = `ln -s ${directory} link; ln -s ${directory}/file file; echo ${inside} > own`;
  await bench.run({ issue, shape: PLAIN, script });
  const response = await bench.api.stream(`/workspaces/${issue}/archive`, {
    headers: { accept: 'application/gzip' },
  });
  const archive = gunzipSync(await buffer(response)).toString('latin1');
  await bench.removeWorkspace(issue);
  if (archive.includes(outside))
    return failed('The archive of a workspace holds a file of the host.');
  if (readOrNull(join(directory, 'file')) !== outside) {
    return failed('The removal of a workspace reached a file of the host.');
  }
  if (!archive.includes(inside)) return inconclusive('the archive lacks the workspace’s own file');
  return passed(
    'Neither the archive nor the removal of a workspace follows its links; its own file is in the archive.',
  );
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
