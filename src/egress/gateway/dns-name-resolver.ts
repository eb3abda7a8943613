import { promises as dns } from 'node:dns';

import { NameResolver } from './name-resolver.js';
import { WorkGate } from './work-gate.js';

const TRY_MS = 3000;
const TRIES = 2;
/** Each is two questions, and what answers them all at once must fit a socket's buffer. */
const MOST_AT_ONCE = 96;
/** A name whose servers are slow does not keep others waiting for longer. */
const IN_THE_WAY_MS = 500;

/**
 * Asks DNS servers and nothing else: no hosts file, no search list, no local names. Nothing is kept,
 * but those who ask for a name while it is asked for share the answer. IPv4 comes first, because few
 * hosts of containers have IPv6 that works.
 */
export class DnsNameResolver extends NameResolver {
  readonly #resolver = new dns.Resolver({ timeout: TRY_MS, tries: TRIES });
  readonly #gate = new WorkGate(MOST_AT_ONCE);
  readonly #underWay = new Map<string, Promise<readonly string[]>>();

  /** `servers` as addresses, with a port where it is not 53; none: those of the system. */
  constructor(servers: readonly string[]) {
    super();
    if (servers.length > 0) this.#resolver.setServers(servers);
  }

  resolve(name: string): Promise<readonly string[]> {
    const known = this.#underWay.get(name);
    if (known) return known;
    const answer = this.#gate
      .run(() => this.#ask(name), IN_THE_WAY_MS)
      .finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, answer);
    return answer;
  }

  async #ask(name: string): Promise<readonly string[]> {
    const answers = await Promise.allSettled([
      this.#resolver.resolve4(name),
      this.#resolver.resolve6(name),
    ]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  }
}
