import type { DecisionReason } from '../decisions/decision.js';
import type { Target } from './allowlist-match.js';
import type { HelloState } from './client-hello-reader.js';

/** https, smtps, nntps, ldaps, DNS, ftps, imaps, pop3s, AMQPS, syslog, https again, MQTT. */
export const TLS_PORTS: ReadonlySet<number> = new Set([
  443, 465, 563, 636, 853, 989, 990, 993, 995, 5671, 6514, 8443, 8883,
]);

export type ServerNameReason = Extract<
  DecisionReason,
  'server_name_missing' | 'server_name_mismatch' | 'encrypted_hello' | 'not_tls'
>;

/** Why what a client sent first must not go to the target; `null` where it may. */
export function judgeHello(
  { host }: Target,
  state: Exclude<HelloState, { kind: 'incomplete' }>,
): ServerNameReason | null {
  if (state.kind === 'not-tls') return 'not_tls';
  if (state.encrypted) return 'encrypted_hello';
  if (state.serverName === null) return host.kind === 'name' ? 'server_name_missing' : null;
  const spelled = state.serverName.toLowerCase().replace(/\.$/, '');
  return spelled === host.text ? null : 'server_name_mismatch';
}

/** A fatal alert, as TLS has it before anything is encrypted. */
export function alertFor(reason: ServerNameReason): Buffer {
  const [HANDSHAKE_FAILURE, UNRECOGNIZED_NAME] = [40, 112];
  const isName = reason === 'server_name_missing' || reason === 'server_name_mismatch';
  return Buffer.from([21, 3, 1, 0, 2, 2, isName ? UNRECOGNIZED_NAME : HANDSHAKE_FAILURE]);
}
