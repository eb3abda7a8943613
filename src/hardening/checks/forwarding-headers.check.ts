import type { UntrustedForwarders } from '../../http/untrusted-forwarders.js';
import {
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { shellWord } from '../../kernel/shell-words.js';

export interface ForwardingFacts {
  readonly trusted: readonly string[];
  /** The last peer that sent such a header without being trusted; `null`: none since the start. */
  readonly lastPeer: string | null;
}

/** Whether a proxy stands before the service that it does not know of. Pure. */
export function judgeForwarding({ trusted, lastPeer }: ForwardingFacts): HardeningFinding {
  if (lastPeer === null) {
    const known = trusted.length === 0 ? 'no proxy is trusted' : `trusted: ${trusted.join(', ')}`;
    return passed(`No forwarding header came from an untrusted peer since the start (${known}).`);
  }
  const list = [...trusted, lastPeer].join(',');
  return warned(
    `${lastPeer} sends forwarding headers and is not in RISOLUTO_TRUST_PROXY, so all of its clients count as one and none as loopback. Name it only if it is your proxy: any client can send such a header. Then start the service anew.`,
    `export RISOLUTO_TRUST_PROXY=${shellWord(list)}`,
  );
}

export class ForwardingHeadersCheck implements HardeningCheck {
  readonly id = 'forwarding-headers';
  readonly title = 'Forwarding headers from untrusted peers';
  readonly kind = 'quick';

  constructor(
    private readonly trusted: readonly string[],
    private readonly forwarders: UntrustedForwarders,
  ) {}

  check(): Promise<HardeningFinding> {
    const { lastPeer } = this.forwarders;
    return Promise.resolve(judgeForwarding({ trusted: this.trusted, lastPeer }));
  }
}
