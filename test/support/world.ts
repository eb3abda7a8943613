import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What `scripts/world/state.mjs` writes down. */
interface WorldState {
  directory: string;
  dockerHost: string;
  pidFile: string;
  engineLog: string;
  engineCommand: string[];
  record: string;
  netPid: number;
  addresses: {
    host: string;
    hostV6: string;
    net: string;
    netV6: string;
    resolver: string;
    loopbackResolver: string;
  };
}

/** A flow that reached the internet's end, whatever became of it there. */
export interface Arrival {
  from: string;
  to: string;
  /** `tcp`, `udp`, `icmp`, `sctp`, … or a number. */
  protocol: string;
  /** `null` where the protocol has no ports. */
  port: number | null;
  packets: number;
}

/** What a recorder saw and answered: one connection's start, data or end, or one datagram. */
export interface Recorded {
  at: number;
  /** `loopback`: the resolver on the host's own loopback. */
  place: 'internet' | 'loopback';
  event: 'connect' | 'data' | 'close' | 'tls' | 'request';
  protocol: 'tcp' | 'udp';
  /** Counts the TCP connections. */
  connection?: number;
  from?: string;
  /** For TCP, as the client named it; a port that no recorder listens on shows as 9. */
  to?: string;
  port?: number;
  /** The name that a DNS query asked for. */
  name?: string | null;
  bytes?: number;
  /** The first 256 bytes, as Latin-1. */
  start?: string;
  /** Of `tls` and of a `request` inside it: the name that the client's hello carried. */
  serverName?: string | null;
  /** Of `tls`: what the client and the server agreed on, `h2` or `http/1.1`. */
  alpn?: string | null;
  /** Of `request`: inside TLS? */
  secure?: boolean;
  /** Of `request`: its Host, or `:authority`. */
  host?: string | null;
  method?: string;
  path?: string;
  httpVersion?: string;
  /** Of a `request`, but for those that are answered with the plain line of text outside TLS. */
  headers?: Record<string, string | string[]>;
}

function readState(): WorldState {
  const directory = process.env.TEST_WORLD;
  if (!directory) throw new Error('this test runs in the test world alone: npm test -- <filter>');
  return JSON.parse(readFileSync(join(directory, 'world.json'), 'utf8')) as WorldState;
}

/** The test world of this run: a host and an internet that nothing leaves. */
export const world = {
  get state(): WorldState {
    return readState();
  },

  get addresses(): WorldState['addresses'] {
    return readState().addresses;
  },

  /** Everything that has arrived at the internet's end since the last `clear()`, answered or not. */
  async arrivals(): Promise<Arrival[]> {
    const sets = ['ports4', 'ports6', 'others4', 'others6'];
    const lists = await Promise.all(sets.map(readSet));
    return lists.flat();
  },

  /** What the recorders have seen since the last `clear()`. */
  recorded(): Recorded[] {
    const lines = readFileSync(readState().record, 'utf8').slice(recordedBefore).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded);
  },

  /** The names that resolvers were asked for since the last `clear()`, in the order of their coming. */
  askedNames(place: Recorded['place'] = 'internet'): string[] {
    const questions = world.recorded().filter((entry) => entry.place === place);
    return questions.flatMap(({ name }) => name ?? []);
  },

  /** The TLS handshakes that the internet completed since the last `clear()`. */
  handshakes(): Recorded[] {
    return world.recorded().filter(({ event }) => event === 'tls');
  },

  /** The HTTP requests that arrived since the last `clear()`, inside TLS and outside. */
  requests(): Recorded[] {
    return world.recorded().filter(({ event }) => event === 'request');
  },

  async clear(): Promise<void> {
    recordedBefore = readFileSync(readState().record, 'utf8').length;
    for (const set of ['ports4', 'ports6', 'others4', 'others6']) {
      await world.inWorldNet('nft', 'flush', 'set', 'inet', 'world', set);
    }
  },

  /** Runs a command at the internet's end of the wire and answers its standard output. */
  async inWorldNet(command: string, ...args: string[]): Promise<string> {
    const namespace = `--net=/proc/${readState().netPid}/ns/net`;
    return (await execute('nsenter', [namespace, command, ...args])).stdout;
  },

  /** Runs a command on the host's end (where the tests run too) and answers its standard output. */
  async onHost(command: string, ...args: string[]): Promise<string> {
    return (await execute(command, args)).stdout;
  },
};

let recordedBefore = 0;

interface NftSet {
  elem?: { elem: { val: { concat: (string | number)[] }; counter: { packets: number } } }[];
}

async function readSet(name: string): Promise<Arrival[]> {
  const text = await world.inWorldNet('nft', '-j', 'list', 'set', 'inet', 'world', name);
  const { nftables } = JSON.parse(text) as { nftables: { set?: NftSet }[] };
  const elements = nftables.flatMap(({ set }) => set?.elem ?? []);
  return elements.map(({ elem }) => {
    const [from, to, protocol, port] = elem.val.concat;
    return {
      from: String(from),
      to: String(to),
      protocol: String(protocol),
      port: port === undefined ? null : Number(port),
      packets: elem.counter.packets,
    };
  });
}
