import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ON_FIRST_CORE, startServer } from './one-core.js';
import { HELLO, type Path } from './tunnel-load.js';

const HOST = '127.0.0.1';
const TARGET_PORT = 8443;
const START_MS = 20_000;

export interface Proxies {
  readonly direct: Path;
  readonly gateway: Path & { readonly pid: number };
  readonly squid: Path & { readonly pid: number };
  readonly tinyproxy: Path & { readonly pid: number };
  stop(): void;
}

/** The target on the second core, and the three proxies on the first: one of them works at a time. */
export async function startProxies(): Promise<Proxies> {
  const directory = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
  // Both give up root before they read or write in it.
  chmodSync(directory, 0o777);
  const env = { TARGET_PORT: String(TARGET_PORT), BENCH_HELLO_BYTES: String(HELLO.length) };
  const target = await startServer('byte-source.mjs', env, ON_SECOND_CORE);
  const gateway = await startServer('egress-gateway.mjs', env);
  const [port, credentials] = gateway.firstLine.split(' ');
  const head = `CONNECT ${HOST}:${TARGET_PORT} HTTP/1.1\r\nHost: ${HOST}:${TARGET_PORT}\r\n`;
  const authorized = `${head}Proxy-Authorization: Basic ${credentials}\r\n\r\n`;
  const squid = await startProgram(directory, 'squid', squidConfig);
  const tinyproxy = await startProgram(directory, 'tinyproxy', tinyproxyConfig);
  return {
    direct: { port: TARGET_PORT, connect: '' },
    gateway: { pid: gateway.pid, port: Number(port), connect: authorized },
    squid: { ...squid, connect: `${head}\r\n` },
    tinyproxy: { ...tinyproxy, connect: `${head}\r\n` },
    stop() {
      for (const { child } of [target, gateway, squid, tinyproxy]) child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const ON_SECOND_CORE = ['taskset', '--cpu-list', '1'];

interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

/** In the foreground, so that the process that is started is the one that works. */
async function startProgram(
  directory: string,
  name: 'squid' | 'tinyproxy',
  config: (port: number, directory: string) => string,
): Promise<Program> {
  const port = await freePort();
  const file = join(directory, `${name}.conf`);
  writeFileSync(file, config(port, directory));
  const args = { squid: ['-N', '-f', file], tinyproxy: ['-d', '-c', file] }[name];
  const [command = '', ...pinned] = ON_FIRST_CORE;
  const child = spawn(command, [...pinned, name, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${name} did not start`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { child, pid: child.pid ?? 0, port };
}

/** Neither caches, logs nor asks for credentials; connections are as many as are wanted. */
const squidConfig = (port: number, directory: string): string => `
http_port ${HOST}:${port}
http_access allow all
cache deny all
cache_mem 8 MB
access_log none
cache_log /dev/null
cache_store_log none
pid_filename none
coredump_dir ${directory}
netdb_filename none
pinger_enable off
max_filedescriptors 65536
shutdown_lifetime 0 seconds
`;

const tinyproxyConfig = (port: number): string => `
Port ${port}
Listen ${HOST}
Timeout 600
MaxClients 10000
LogLevel Critical
DisableViaHeader Yes
Allow ${HOST}
`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
