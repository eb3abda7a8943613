import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const A = 1;
const AAAA = 28;
const NAME_ERROR = 3;

/** A DNS server on loopback that writes down what it is asked. */
export class DnsServer {
  /** By name: addresses of version 4 as numbers, of version 6 as eight groups. */
  readonly records = new Map<string, { a?: number[][]; aaaa?: number[][] }>();
  readonly asked: string[] = [];
  isSilent = false;
  readonly #socket: Socket = createSocket('udp4');

  async listen(host: string): Promise<string> {
    this.#socket.on('message', (query, peer) => {
      const answer = this.#answer(query);
      if (!this.isSilent) this.#socket.send(answer, peer.port, peer.address);
    });
    this.#socket.bind(0, host);
    await once(this.#socket, 'listening');
    return `${host}:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    this.asked.push(`${type === A ? 'A' : type === AAAA ? 'AAAA' : type} ${name}`);
    const known = this.records.get(name);
    const data = known === undefined ? [] : ((type === A ? known.a : known.aaaa) ?? []);
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 + (known === undefined ? NAME_ERROR : 0), 2);
    header.writeUInt16BE(data.length, 6);
    header.fill(0, 8, 12);
    const answers = data.map((parts) => record(type, parts));
    return Buffer.concat([header, query.subarray(12, end + 4), ...answers]);
  }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function record(type: number, parts: number[]): Buffer {
  const data = Buffer.from(type === A ? parts : parts.flatMap((part) => [part >> 8, part & 255]));
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length]);
  return Buffer.concat([head, data]);
}
