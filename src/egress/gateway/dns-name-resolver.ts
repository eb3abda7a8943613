import { promises as dns } from 'node:dns';

import { NameResolver } from './name-resolver.js';
import { WorkGate } from './work-gate.js';

const TRY_MS = 3000;
const TRIES = 2;
const MOST_AT_ONCE = 1024;

/**
 * Asks DNS servers and nothing else: no hosts file, no search list, no local names. IPv4 comes first,
 * because few hosts of containers have IPv6 that works.
 */
export class DnsNameResolver extends NameResolver {
  readonly #resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
  readonly #gate = new WorkGate(MOST_AT_ONCE);

  /** `servers` as addresses, with a port where it is not 53; none: those of the system. */
  constructor(servers: readonly string[]) {
    super();
    if (servers.length > 0) this.#resolver.setServers(servers);
  }

  resolve(name: string): Promise<readonly string[]> {
    return this.#gate.run(async () => {
      const answers = await Promise.allSettled([
        this.#resolver.resolve4(name),
        this.#resolver.resolve6(name),
      ]);
      return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    });
  }
}
