import { FenceCommandError, type HostLink } from './fence-backend.js';

/** One command with its input: what a backend runs, wherever that is. */
export interface ToolCall {
  readonly argv: readonly string[];
  readonly input: string;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the call; rejects only when it could not be run or did not end in time. */
export type RunTool = (call: ToolCall) => Promise<ToolResult>;

export async function nftApply(run: RunTool, script: string): Promise<void> {
  const result = await run({ argv: ['nft', '-f', '-'], input: script });
  if (result.exitCode !== 0) throw new FenceCommandError('nft', result.stderr);
}

export async function nftAccepts(run: RunTool, script: string): Promise<boolean> {
  return (await run({ argv: ['nft', '-c', '-f', '-'], input: script })).exitCode === 0;
}

export async function nftList(run: RunTool, family: string, table: string): Promise<string | null> {
  const result = await run({ argv: ['nft', '-a', 'list', 'table', family, table], input: '' });
  if (result.exitCode === 0) return result.stdout;
  if (result.stderr.includes('No such file or directory')) return null;
  throw new FenceCommandError('nft list', result.stderr);
}

// Each try deletes entries, and an entry that ends by itself meanwhile ends the try.
const MOST_TRIES = 50;

export async function forgetConnections(run: RunTool, range: string): Promise<void> {
  await Promise.all(['-s', '-d'].map((end) => forgetEnd(run, ['conntrack', '-D', end, range])));
}

/** Forgets those of all addresses in the range but these. */
export async function forgetConnectionsBut(
  run: RunTool,
  range: string,
  kept: ReadonlySet<string>,
): Promise<void> {
  const argv = ['conntrack', '-L', '-s', range];
  const { exitCode, stdout, stderr } = await run({ argv, input: '' });
  if (exitCode !== 0) throw new FenceCommandError('conntrack', stderr);
  const sources = new Set([...stdout.matchAll(/^[^\n]*?\bsrc=(\S+)/gm)].map(([, at]) => at ?? ''));
  for (const address of sources) if (!kept.has(address)) await forgetConnections(run, address);
}

async function forgetEnd(run: RunTool, argv: readonly string[]): Promise<void> {
  let stderr = '';
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const result = await run({ argv, input: '' });
    stderr = result.stderr;
    if (result.exitCode === 0 || stderr.includes(' 0 flow entries have been deleted')) return;
    if (!stderr.includes("such conntrack doesn't exist")) break;
  }
  throw new FenceCommandError('conntrack', stderr);
}

export async function ipLinks(run: RunTool): Promise<HostLink[]> {
  const result = await run({ argv: ['ip', '-j', 'addr', 'show'], input: '' });
  if (result.exitCode !== 0) throw new FenceCommandError('ip', result.stderr);
  return parseLinks(result.stdout);
}

interface IpLink {
  ifname?: string;
  master?: string;
  addr_info?: { local?: string; family?: string }[];
}

/** Reads the output of `ip -j addr show`. */
export function parseLinks(json: string): HostLink[] {
  const links: unknown = JSON.parse(json.trim() === '' ? '[]' : json);
  if (!Array.isArray(links)) return [];
  return (links as IpLink[]).flatMap(({ ifname, master, addr_info: addresses = [] }) =>
    ifname
      ? [
          {
            name: ifname,
            master: master ?? null,
            addresses: addresses.flatMap(({ local, family }) =>
              local && family === 'inet' ? [local] : [],
            ),
          },
        ]
      : [],
  );
}
