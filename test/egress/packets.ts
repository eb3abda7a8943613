const LOOSE_SOURCE_ROUTE = 131;

export interface PacketFields {
  from: string;
  to: string;
  protocol: number;
  /** Adds a loose source route by way of this address. */
  via?: string;
  /** Default: eight bytes of zero. */
  payload?: Buffer;
}

const octets = (address: string) => address.split('.').map(Number);
const macBytes = (mac: string) => Buffer.from(mac.replaceAll(':', ''), 'hex');

/** An IPv4 packet, ready to be sent. */
export function ipv4Packet({
  from,
  to,
  protocol,
  via,
  payload = Buffer.alloc(8),
}: PacketFields): Buffer {
  const options = via ? [LOOSE_SOURCE_ROUTE, 7, 4, ...octets(via), 0] : [];
  const header = Buffer.alloc(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(header.length + payload.length, 2);
  header[8] = 64;
  header[9] = protocol;
  header.set([...octets(from), ...octets(to), ...options], 12);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

/** The packet that opens an SCTP association, with the checksum that connection tracking asks for. */
export function sctpInit(): Buffer {
  const packet = Buffer.alloc(32);
  packet.writeUInt16BE(4000, 0);
  packet.writeUInt16BE(9, 2);
  packet.set([1, 0, 0, 20], 12);
  packet.writeUInt32BE(0x52495331, 16);
  packet.writeUInt32BE(65_536, 20);
  packet.writeUInt16BE(1, 24);
  packet.writeUInt16BE(1, 26);
  packet.writeUInt32BE(1, 28);
  packet.writeUInt32LE(crc32c(packet), 8);
  return packet;
}

export function ethernetFrame(to: string, from: string, type: number, payload: Buffer): Buffer {
  const header = Buffer.concat([
    macBytes(to),
    macBytes(from),
    Buffer.from([type >> 8, type & 255]),
  ]);
  return Buffer.concat([header, payload, Buffer.alloc(Math.max(0, 46 - payload.length))]);
}

/** Tells who asks that `ip` is at `mac`. */
export function arpReply(ip: string, mac: string, toIp: string, toMac: string): Buffer {
  const head = Buffer.from([0, 1, 8, 0, 6, 4, 0, 2]);
  return Buffer.concat([
    head,
    macBytes(mac),
    Buffer.from(octets(ip)),
    macBytes(toMac),
    Buffer.from(octets(toIp)),
  ]);
}

function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
