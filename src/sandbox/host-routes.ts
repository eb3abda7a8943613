import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

import { type Ipv4Range, parseRange } from './ipv4-range.js';

const HEX_ADDRESS = /^[0-9A-F]{8}$/i;

/** The ranges that this host already routes somewhere, its default route excepted. */
export async function readHostRanges(): Promise<Ipv4Range[]> {
  const interfaces = Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) => (entry?.family === 'IPv4' && entry.cidr ? [parseRange(entry.cidr)] : []));
  const routes = await readFile('/proc/net/route', 'utf8').then(parseRoutes, () => []);
  return [...interfaces, ...routes].filter((range): range is Ipv4Range => range !== null);
}

/** Reads the table of `/proc/net/route`: hexadecimal, least significant byte first. */
export function parseRoutes(table: string): Ipv4Range[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination, , , , , , mask] = line.trim().split(/\s+/);
      if (!destination || !mask || !HEX_ADDRESS.test(destination) || !HEX_ADDRESS.test(mask))
        return [];
      const prefix = littleEndian(mask).toString(2).replaceAll('0', '').length;
      return prefix === 0 ? [] : [{ first: littleEndian(destination), prefix }];
    });
}

function littleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(0);
}
