import type { Subject } from '../bench/subject.js';
import { statusOf } from './gateway-probe.js';

/** Why no request without TLS can be sent to the listed host; null: it can. Pure. */
export function withoutPlainHttp({ codex, listed }: Subject): string | null {
  const both = codex.sandbox.egressAllowlist.some((entry) => entry === listed?.host);
  return both ? null : 'the listed host is not listed with port 80';
}

/** The gateway’s own answer, not one of the host behind it. Pure. */
export function isOfGateway(answer: string): boolean {
  return /^x-risoluto-egress:/im.test(answer) || [400, 407].includes(statusOf(answer));
}

/** An answer of the host, whatever its status. Pure. */
export function isOfHost(answer: string): boolean {
  return statusOf(answer) > 0 && !isOfGateway(answer);
}
