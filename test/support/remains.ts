import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { ContainerInfo } from 'dockerode';
import { expect } from 'vitest';

import { parseListing } from '../../src/egress/fence-listing.js';
import { isInRange, parseIp, parseIpRange } from '../../src/egress/ip-range.js';
import { engine } from './engine.js';
import type { RunningService } from './service.js';
import { queryStored } from './stored.js';

const execute = promisify(execFile);

/** Whose remains are looked for; a `RunningService`, running or not. */
export type Owner = Pick<RunningService, 'dataDir' | 'workspacesDir' | 'network'>;

/** All that stands in a data directory; a run's files stand in folders of their own. */
const KEPT_FILES = [
  /^risoluto\.db(-wal|-shm)?$/,
  /^(lock|instance-id)$/,
  /^audit\.(key|head)$/,
  /^egress\.key$/,
  /^secrets\.(audit\.log|enc)$/,
  /^overlay\.(broken-[\w-]+)$/,
  /^(output|resolv)$/,
];

const FENCE_SETS = ['open', 'open_address', 'resolvers', 'gateway', 'gateway_address'];

interface Known {
  instance: string;
  /** The open one, and the filtered one beside it; an operator's own is both. */
  networks: readonly string[];
  /** Ids of runs that are being prepared or run. */
  active: ReadonlySet<string>;
  /** Ids of all runs. */
  runs: ReadonlySet<string>;
}

/**
 * Everything of this service that nothing owns, one line each; empty: nothing. It looks at the
 * engine (containers, networks, volumes), at the host's network (bridges, fence tables, grants,
 * remembered connections), at the files and at the rows, past all that the service says of itself.
 * What a run that is being prepared or run has is its own.
 */
export async function remainsOf(owner: Owner): Promise<string[]> {
  const instance = (await readFile(join(owner.dataDir, 'instance-id'), 'utf8')).trim();
  const rows = await queryStored<{ id: string; status: string }>(
    owner.dataDir,
    'SELECT id, status FROM runs',
  );
  const active = rows.filter(({ status }) => status === 'preparing' || status === 'running');
  const known: Known = {
    instance,
    networks: [owner.network, `${owner.network}-filtered`],
    active: new Set(active.map(({ id }) => id)),
    runs: new Set(rows.map(({ id }) => id)),
  };
  const containers = await containersOf(known);
  const owned = containers.filter((container) => problemOf(container, known) === null);
  const addresses = addressesOf(owned, known);
  const found = await Promise.all([
    networks(known),
    volumes(owner),
    fence(known, addresses),
    ...known.networks.map((network) => connections(network, addresses)),
    dataFiles(owner.dataDir, known),
    workspaces(owner.workspacesDir),
    strayRows(owner.dataDir),
  ]);
  const strays = containers.flatMap((container) => problemOf(container, known) ?? []);
  return [...strays, ...found.flat()].sort();
}

/** Fails with what is there when something is left after a while: the service clears up as it can. */
export async function expectNoRemains(owner: Owner, patienceMs = 15_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await remainsOf(owner);
    if (found.length > 0 && performance.now() < deadline) {
      await sleep(200);
      continue;
    }
    expect(found, 'nothing owns these').toEqual([]);
    return;
  }
}

async function containersOf({ instance, networks }: Known): Promise<ContainerInfo[]> {
  const all = await engine().listContainers({ all: true });
  return all.filter(
    ({ Labels, NetworkSettings }) =>
      Labels['risoluto.instance'] === instance ||
      networks.some((network) => network in NetworkSettings.Networks),
  );
}

/** A fence's helper lives as long as its service; the others only while something is being done. */
function problemOf({ Id, Labels, State }: ContainerInfo, known: Known): string | null {
  const name = `container ${Id.slice(0, 12)} (${State})`;
  const { 'risoluto.run': run, 'risoluto.helper': helper } = Labels;
  if (Labels['risoluto.instance'] !== known.instance) return `${name}: not of this service`;
  if (helper === 'fence') return null;
  if (helper !== undefined) return known.active.size > 0 ? null : `${name}: helper ${helper}`;
  if (run === undefined) return `${name}: neither run nor helper`;
  return known.active.has(run) ? null : `${name}: of run ${run}, which is not active`;
}

function addressesOf(containers: readonly ContainerInfo[], { networks }: Known): Set<string> {
  const endpoints = containers.flatMap(({ NetworkSettings }) =>
    networks.map((network) => NetworkSettings.Networks[network]),
  );
  return new Set(
    endpoints.flatMap((endpoint) => {
      const wanted = endpoint?.IPAMConfig as { IPv4Address?: string } | null | undefined;
      return [endpoint?.IPAddress, wanted?.IPv4Address].filter((text) => text) as string[];
    }),
  );
}

/** A network is there once; its bridge goes by a name that follows from instance and network. */
async function networks({ instance, networks: names }: Known): Promise<string[]> {
  const listed = await engine().listNetworks();
  const strays = listed.filter(
    ({ Name, Labels }) => Labels?.['risoluto.instance'] === instance && !names.includes(Name),
  );
  const { stdout } = await execute('ip', ['-j', 'link', 'show']);
  const links = JSON.parse(stdout) as { ifname: string }[];
  return [
    ...strays.map(({ Name }) => `network ${Name}`),
    ...names.flatMap((network) => {
      const named = listed.filter(({ Name }) => Name === network);
      const bridges = links.filter(({ ifname }) => ifname === bridgeOf(instance, network));
      return [
        ...named.slice(1).map(({ Id }) => `network ${network}, once more (${Id.slice(0, 12)})`),
        ...(named.length === 0 ? bridges.map(({ ifname }) => `bridge ${ifname}`) : []),
      ];
    }),
  ];
}

function bridgeOf(instance: string, network: string): string {
  const number = createHash('sha256').update(`${instance}/${network}`).digest().readUInt32BE(0);
  return `rsl${number.toString(16).padStart(8, '0')}`;
}

/** The service makes none: whatever nobody has and is younger than the service counts. */
async function volumes({ dataDir }: Owner): Promise<string[]> {
  const { birthtimeMs } = await stat(join(dataDir, 'instance-id'));
  const { Volumes } = await engine().listVolumes({ filters: { dangling: ['true'] } });
  return (Volumes ?? [])
    .filter((volume) => {
      const { CreatedAt } = volume as { CreatedAt?: string };
      // The engine tells whole seconds.
      return CreatedAt === undefined || Date.parse(CreatedAt) >= birthtimeMs - 1000;
    })
    .map(({ Name }) => `volume ${Name}`);
}

async function fence({ instance }: Known, owned: ReadonlySet<string>): Promise<string[]> {
  const { stdout } = await execute('nft', ['list', 'tables']);
  const ours = stdout.split('\n').flatMap((line) => {
    const [, family = '', table = ''] = line.split(' ');
    return table.includes(instance) ? [{ family, table }] : [];
  });
  const wanted = ['inet', 'bridge'];
  const strays = ours.filter(
    ({ family, table }) => table !== `risoluto_${instance}` || !wanted.includes(family),
  );
  const found = strays.map(({ family, table }) => `table ${family} ${table}`);
  for (const family of wanted.filter((name) => ours.some((one) => one.family === name))) {
    const listing = await execute('nft', ['-a', 'list', 'table', family, `risoluto_${instance}`]);
    const { sets } = parseListing(listing.stdout);
    for (const set of FENCE_SETS) {
      for (const key of sets.get(set)?.keys() ?? []) {
        const [address = ''] = key.split(' ');
        if (!owned.has(address)) found.push(`grant ${family} ${set} ${key}`);
      }
    }
  }
  return found;
}

/**
 * Connections that the kernel remembers of addresses that no run has. Those of the host with itself,
 * at the address that it has in the network, are not of sandboxes.
 */
async function connections(network: string, owned: ReadonlySet<string>): Promise<string[]> {
  const found = (await engine()
    .getNetwork(network)
    .inspect()
    .catch(() => null)) as { IPAM?: { Config?: { Subnet?: string; Gateway?: string }[] } } | null;
  const { Subnet: subnet, Gateway: gateway = '' } = found?.IPAM?.Config?.[0] ?? {};
  if (subnet === undefined) return [];
  const range = parseIpRange(subnet);
  const strays = (line: string) =>
    [...line.matchAll(/(?:src|dst)=(\S+)/g)].filter(([, address = '']) => {
      const ip = parseIp(address);
      return ip !== null && isInRange(ip, range) && address !== gateway && !owned.has(address);
    });
  const lists = await Promise.all(
    ['-s', '-d'].map((end) => execute('conntrack', ['-L', end, subnet])),
  );
  return lists
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter((line) => strays(line).length > 0)
    .map((line) => `connection ${line.replaceAll(/\s+/g, ' ').trim()}`);
}

async function dataFiles(dataDir: string, { active, runs }: Known): Promise<string[]> {
  const [top, resolv, output] = await Promise.all(
    ['.', 'resolv', 'output'].map((name) => readdir(join(dataDir, name)).catch(() => [])),
  );
  const without = (files: string[] | undefined, end: string, owners: ReadonlySet<string>) =>
    (files ?? []).filter((file) => !file.endsWith(end) || !owners.has(file.slice(0, -end.length)));
  return [
    ...(top ?? []).filter((name) => !KEPT_FILES.some((kept) => kept.test(name))),
    ...without(resolv, '.conf', active).map((name) => `resolv/${name}`),
    ...without(output, '.ndjson', runs).map((name) => `output/${name}`),
  ].map((name) => `file ${name}`);
}

const KEPT_BESIDE_WORKSPACES = new Set(['.homes', '.lock']);

/** Workspaces stay when their runs are over; what is half made is beside them. */
async function workspaces(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const issues = new Set(names);
  const homes = await readdir(join(directory, '.homes')).catch(() => []);
  return [
    ...names.filter((name) => name.startsWith('.') && !KEPT_BESIDE_WORKSPACES.has(name)),
    ...homes.filter((name) => !issues.has(name)).map((name) => `.homes/${name}`),
  ].map((name) => `workspace ${name}`);
}

async function strayRows(dataDir: string): Promise<string[]> {
  const commands = await queryStored<{ id: string }>(
    dataDir,
    `SELECT run_id AS id FROM running_commands
     WHERE run_id NOT IN (SELECT id FROM runs WHERE status = 'running')`,
  );
  const turns = await queryStored<{ id: string; number: number }>(
    dataDir,
    `SELECT turn.run_id AS id, number FROM run_turns AS turn LEFT JOIN runs AS run ON run.id = run_id
     WHERE run.id IS NULL OR number > run.turn OR (turn.status IN ('queued', 'preparing', 'running')
       AND (number < run.turn OR turn.status <> CASE run.status WHEN 'idle' THEN 'queued' ELSE run.status END))`,
  );
  const keys = await queryStored<{ id: string }>(
    dataDir,
    'SELECT run_id AS id FROM idempotency_keys WHERE run_id NOT IN (SELECT id FROM runs)',
  );
  const decisions = await queryStored<{ id: string }>(
    dataDir,
    `SELECT DISTINCT run_id AS id FROM egress_decisions
     WHERE run_id NOT IN (SELECT id FROM runs)`,
  );
  return [
    ...decisions.map(({ id }) => `egress decisions of ${id}`),
    ...commands.map(({ id }) => `row of running_commands for ${id}`),
    ...turns.map(({ id, number }) => `row of turn ${number} of ${id}`),
    ...keys.map(({ id }) => `idempotency key of ${id}`),
  ];
}
