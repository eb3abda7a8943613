import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket, type TlsOptions } from 'node:tls';

/** TLS that needs no certificate: both sides know one key. */
const KEY = Buffer.alloc(16, 1);
const COMMON = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' } as const;

export const TLS_SERVER: TlsOptions = { ...COMMON, pskCallback: () => KEY };

/** A client on a connection that stands already; rejects where the handshake fails. */
export async function tlsOver(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  const secured = connect({
    ...COMMON,
    ...options,
    socket,
    pskCallback: () => ({ psk: KEY, identity: 'test' }),
    checkServerIdentity: () => undefined,
  });
  await once(secured, 'secureConnect');
  return secured;
}
