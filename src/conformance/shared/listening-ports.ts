import { readFileSync } from 'node:fs';

const LISTENING = '0A';
const LOOPBACK = /^0{0,24}.{6}7F$/i;

export interface ListeningPort {
  /** As `/proc/net/tcp` writes it; null: every address. */
  readonly address: string | null;
  readonly port: number;
}

/** What this host answers at beyond its loopback. */
export function listeningPorts(): ListeningPort[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    try {
      return parseListening(readFileSync(file, 'utf8'));
    } catch {
      return [];
    }
  });
}

/** Pure. */
export function parseListening(text: string): ListeningPort[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTENING || LOOPBACK.test(address) || /^0+1000000$/.test(address)) return [];
    const any = /^0+$/.test(address);
    return [{ address: any ? null : dotted(address), port: Number.parseInt(port, 16) }];
  });
}

/** Little-endian, the last four bytes where it is an IPv4 address in an IPv6 one. */
function dotted(hex: string): string {
  const bytes = Buffer.from(hex.slice(-8), 'hex');
  return [...bytes].reverse().join('.');
}
