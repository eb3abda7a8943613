import type { Subject } from '../bench/subject.js';
import { statusOf } from './gateway-probe.js';

function isOfGateway(answer: string): boolean {
  return /^x-risoluto-egress:/im.test(answer) || [400, 407].includes(statusOf(answer));
}

/** For probes that send requests without TLS to the listed host. */
export const plainHttp = {
  applies({ codex, listed }: Subject): string | null {
    const entries = codex.sandbox.egressAllowlist;
    const both = entries.some((entry) => entry === listed?.host);
    return both ? null : 'the listed host is not listed with port 80';
  },

  /** The gateway’s own answer, not one of the host behind it. Pure. */
  isOfGateway,

  /** An answer of the host, whatever its status. Pure. */
  isOfHost(answer: string): boolean {
    return statusOf(answer) > 0 && !isOfGateway(answer);
  },
};
