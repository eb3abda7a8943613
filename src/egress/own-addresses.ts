import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/** Of each network that is ours: `sandbox-networks.ts` names its bridge so. */
const OUR_BRIDGE = /^rsl[0-9a-f]{8}$/;
const LOCAL_ROUTES = '/proc/net/fib_trie';
const IPV6_ADDRESSES = '/proc/net/if_inet6';

/**
 * The addresses of this host and the ranges of its sandboxes, read anew because interfaces come and
 * go. Node leaves out an interface that has no carrier, such as a bridge without containers, though
 * the host answers at its address all the same: the kernel's own tables have those too. A table of
 * routes can be long, so it is read beside the connections that ask, and is as of the time before.
 */
export class OwnAddresses {
  #local: readonly string[] = [
    ...parseLocalRoutes(readNow(LOCAL_ROUTES)),
    ...parseIpv6Addresses(readNow(IPV6_ADDRESSES)),
  ];
  #reading = false;

  /** `gateways` are addresses in networks of sandboxes, whatever their bridges are called. */
  list(gateways: readonly string[]): readonly string[] {
    void this.#readAgain();
    const found = Object.entries(networkInterfaces()).flatMap(([name, all]) =>
      (all ?? []).map(({ address, cidr }) => {
        const sandboxes = OUR_BRIDGE.test(name) || gateways.includes(address);
        return sandboxes && cidr !== null ? cidr : address;
      }),
    );
    return [...found, ...this.#local];
  }

  async #readAgain(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    const [routes, addresses] = await Promise.all([LOCAL_ROUTES, IPV6_ADDRESSES].map(read));
    this.#local = [...parseLocalRoutes(routes ?? ''), ...parseIpv6Addresses(addresses ?? '')];
    this.#reading = false;
  }
}

/** What the kernel delivers to this host itself, as ranges. */
export function parseLocalRoutes(trie: string): string[] {
  const found = new Set<string>();
  let address = '';
  for (const line of trie.split('\n')) {
    address = /\|-- (\d+\.\d+\.\d+\.\d+)$/.exec(line)?.[1] ?? address;
    const prefix = /^ +\/(\d+) host LOCAL$/.exec(line)?.[1];
    if (prefix !== undefined) found.add(`${address}/${prefix}`);
  }
  return [...found];
}

/** Each line begins with the address, as 32 hexadecimal digits. */
export function parseIpv6Addresses(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const groups = /^([0-9a-f]{32}) /.exec(line)?.[1]?.match(/.{4}/g);
    return groups ? [groups.join(':')] : [];
  });
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

function readNow(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Not Linux; then no fence stands either.
    return '';
  }
}
