const LOOSE_SOURCE_ROUTE = 131;
const TCP = 6;

export interface PacketFields {
  from: string;
  to: string;
  protocol: number;
  /** Adds a loose source route by way of this address. */
  via?: string;
  /** Of the header, as they are; a multiple of four bytes. */
  options?: readonly number[];
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
  options = via ? [LOOSE_SOURCE_ROUTE, 7, 4, ...octets(via), 0] : [],
  payload = Buffer.alloc(8),
}: PacketFields): Buffer {
  const header = Buffer.alloc(20 + options.length);
  header[0] = 0x40 | (header.length / 4);
  header.writeUInt16BE(header.length + payload.length, 2);
  header[8] = 64;
  header[9] = protocol;
  header.set([...octets(from), ...octets(to), ...options], 12);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, payload]);
}

export interface SegmentFields {
  from: string;
  to: string;
  fromPort: number;
  toPort: number;
  /** Default: `syn`, which opens a connection; `data` belongs to one that is open. */
  kind?: 'syn' | 'data';
  options?: readonly number[];
}

/** A TCP segment in its packet, with the checksum that connection tracking asks for. */
export function tcpPacket(fields: SegmentFields): Buffer {
  const { from, to, fromPort, toPort, kind = 'syn', options } = fields;
  const segment = Buffer.concat([Buffer.alloc(20), Buffer.from(kind === 'data' ? 'sneaked!' : '')]);
  segment.writeUInt16BE(fromPort, 0);
  segment.writeUInt16BE(toPort, 2);
  segment.writeUInt32BE(1000, 4);
  segment[12] = 0x50;
  segment[13] = kind === 'data' ? 0x18 : 0x02;
  segment.writeUInt16BE(64_240, 14);
  const pseudoHeader = Buffer.from([...octets(from), ...octets(to), 0, TCP, 0, segment.length]);
  segment.writeUInt16BE(checksum(Buffer.concat([pseudoHeader, segment])), 16);
  return ipv4Packet({ from, to, protocol: TCP, payload: segment, ...(options && { options }) });
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

/** The segment that asks for a TCP connection, from port 40000. */
export function tcpSyn({ from, to, port }: { from: string; to: string; port: number }): Buffer {
  const segment = Buffer.alloc(20);
  segment.writeUInt16BE(40_000, 0);
  segment.writeUInt16BE(port, 2);
  segment.writeUInt32BE(0x52495331, 4);
  segment.set([0x50, 0x02, 0xff, 0xff], 12);
  const pseudo = Buffer.from([...octets(from), ...octets(to), 0, 6, 0, segment.length]);
  segment.writeUInt16BE(checksum(Buffer.concat([pseudo, segment])), 16);
  return segment;
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

/** Asks, as `ip` at `mac`, where `wanted` is. */
export function arpRequest(ip: string, mac: string, wanted: string): Buffer {
  const request = arpReply(ip, mac, wanted, '00:00:00:00:00:00');
  request[7] = 1;
  return request;
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
