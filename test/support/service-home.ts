import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isMap, parseDocument, stringify } from 'yaml';

/** What a service of a test owns on this machine, so that two never meet. */
export interface ServiceHome {
  /** A directory under the system's temporary one; all paths below lie in it unless said otherwise. */
  root: string;
  dataDir: string;
  workspacesDir: string;
  configFile: string;
  /** The sandbox network's name, unless the test's YAML names another. */
  network: string;
}

export async function makeServiceHome(
  yaml: string | object,
  dataDir?: string,
): Promise<ServiceHome> {
  const root = await mkdtemp(join(tmpdir(), 'risoluto-t-'));
  const network = `risoluto-t-${randomBytes(4).toString('hex')}`;
  const home = {
    root,
    dataDir: dataDir ?? join(root, 'data'),
    workspacesDir: dataDir === undefined ? join(root, 'workspaces') : `${dataDir}-workspaces`,
    configFile: join(root, 'risoluto.yaml'),
    network,
  };
  const config = withNetwork(typeof yaml === 'string' ? yaml : stringify(yaml), network);
  await writeFile(home.configFile, config.text);
  return { ...home, network: config.network };
}

export function removeServiceHome(home: ServiceHome): Promise<void> {
  return rm(home.root, { recursive: true, force: true });
}

/** YAML that is wrong on purpose is left as it is: the service shall see it. */
function withNetwork(text: string, network: string): { text: string; network: string } {
  const document = parseDocument(text);
  if (document.errors.length > 0) return { text, network };
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (!isMap(document.contents)) return { text, network };
  const path = ['codex', 'sandbox', 'network'];
  if (document.hasIn(path)) return { text, network: String(document.getIn(path)) };
  try {
    document.setIn(path, network);
  } catch {
    return { text, network };
  }
  return { text: String(document), network };
}

/** A port that was free on loopback a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
