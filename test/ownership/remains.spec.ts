import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sh, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { engine } from '../support/engine.js';
import { expectNoRemains, remainsOf } from '../support/remains.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

const execute = promisify(execFile);
const PATIENCE_MS = 240_000;
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
/** An address of nobody, in whatever subnet the network has. */
const LAST = 250;

let service: RunningService;
let instance = '';
beforeAll(async () => {
  service = await startService({ yaml: UNLIMITED });
  instance = (await readFile(join(service.dataDir, 'instance-id'), 'utf8')).trim();
});
afterAll(() => service?.stop());

async function plantContainer(labels: Record<string, string>): Promise<void> {
  await engine().createContainer({
    Image: 'risoluto-sandbox:latest',
    Cmd: ['true'],
    Labels: { 'risoluto.instance': instance, ...labels },
    HostConfig: { NetworkMode: 'none' },
  });
}

async function plantFile(...path: string[]): Promise<void> {
  const file = join(service.dataDir, ...path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, 'left\n');
}

async function addressOfNobody(): Promise<string> {
  const { IPAM } = (await engine().getNetwork(service.network).inspect()) as {
    IPAM: { Config: { Subnet: string }[] };
  };
  return (IPAM.Config[0]?.Subnet ?? '').replace(/\d+\/\d+$/, String(LAST));
}

/** While a run lives, a helper may be one of its own. */
async function helpers(): Promise<string[]> {
  const label = [`risoluto.instance=${instance}`, 'risoluto.helper=disk-use'];
  const found = await engine().listContainers({ all: true, filters: { label } });
  return found.filter(({ State }) => State === 'created').map(({ Id }) => Id);
}

/** One of every kind that a service which dies can leave. */
async function plantAll(finishedRun: string): Promise<void> {
  await plantContainer({ 'risoluto.sandbox': 'true', 'risoluto.run': finishedRun });
  await plantContainer({ 'risoluto.helper': 'disk-use' });
  await engine().createNetwork({
    Name: `${service.network}-old`,
    Driver: 'bridge',
    Labels: { 'risoluto.instance': instance },
  });
  const address = await addressOfNobody();
  const table = `risoluto_${instance}`;
  await execute('nft', [
    `add element inet ${table} open { ${address} . 02:42:0a:00:00:fa timeout 900s }`,
  ]);
  const connection = ['-s', address, '-d', '93.184.216.34', '--sport', '40000', '--dport', '80'];
  const state = ['--state', 'ESTABLISHED', '--timeout', '900'];
  await execute('conntrack', ['-I', '-p', 'tcp', ...connection, ...state]);
  await plantFile('resolv', '01ARZ3NDEKTSV4RRFFQ69G5FAV.conf');
  await plantFile('output', '01ARZ3NDEKTSV4RRFFQ69G5FAV.ndjson');
  await plantFile('probe', 'half', 'workspace', 'file');
  await plantFile('instance-id.0123abcd');
  await plantFile('audit.key.0123abcd');
}

const KINDS = [
  /^container .*of run \w+, which is not active/,
  /^network .*-old$/,
  /^grant inet open /,
  /^connection tcp /,
  /^file resolv\//,
  /^file output\//,
  /^file probe$/,
  /^file instance-id\./,
  /^file audit\.key\./,
];

describe('what a killed service leaves', () => {
  it(
    'is gone after the next start, whatever kind it is, and what lives on is not touched',
    async () => {
      const done = await runToEnd(service, { issue: 'LEFT-1', command: ['true'] });
      await expectNoRemains(service);
      const lives = await createRun(service, {
        issue: 'LEFT-2',
        command: sh('echo up; until [ -e /workspace/go ]; do sleep 0.1; done; echo lived; exit 7'),
        policy: OPEN,
      });
      await untilPrinted(service, lives, 'up');
      expect(await remainsOf(service)).toEqual([]);

      await service.kill9();
      await plantAll(done.id);
      const planted = await remainsOf(service);
      for (const kind of KINDS)
        expect(planted, String(kind)).toContainEqual(expect.stringMatching(kind));

      expect(await helpers()).toHaveLength(1);
      await service.start();
      expect(await helpers()).toEqual([]);
      expect(await remainsOf(service)).toEqual([]);
      await writeFile(join(service.workspacesDir, 'LEFT-2', 'go'), '');
      expect(await finishRun(service, lives)).toMatchObject({ exitCode: 7, stdout: 'up\nlived\n' });
      await expectNoRemains(service);
    },
    PATIENCE_MS,
  );
});
