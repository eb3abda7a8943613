import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

import Docker from 'dockerode';

import type { ServiceHome } from './service-home.js';

/** The engine that `DOCKER_HOST` names: under `npm test`, the one of the test world. */
export function engine(): Docker {
  return new Docker();
}

/** What a script prints inside of a container, past all that the service does. */
export async function inside(container: string, script: string): Promise<string> {
  const exec = await engine()
    .getContainer(container)
    .exec({ Cmd: ['bash', '-c', script], AttachStdout: true });
  return text(await exec.start({}));
}

/** Removes what a service may have left on the engine: its containers, then its networks. */
export async function sweepEngine(home: ServiceHome): Promise<void> {
  const docker = engine();
  const instance = await readFile(join(home.dataDir, 'instance-id'), 'utf8').catch(() => '');
  if (instance.trim() !== '') {
    const filters = { label: [`risoluto.instance=${instance.trim()}`] };
    const left = await docker.listContainers({ all: true, filters }).catch(() => []);
    await Promise.all(
      left.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }).catch(ignore)),
    );
  }
  const networks = [home.network, `${home.network}-filtered`];
  await Promise.all(networks.map((name) => docker.getNetwork(name).remove().catch(ignore)));
  await Promise.all(['inet', 'bridge'].map((family) => removeFence(family, instance.trim())));
}

/** A stopped service leaves its fence standing, on purpose. */
async function removeFence(family: string, instance: string): Promise<void> {
  await promisify(execFile)('nft', ['delete', 'table', family, `risoluto_${instance}`]).catch(
    ignore,
  );
}

function ignore(): void {}
