// Answers for the internet, and for the resolver on the host's loopback, and writes down who came.
// Arguments: the record (NDJSON, appended), what to call this place in it, the one address to listen
// on (default: every one). Prints "listening" when it does.
import { createSocket } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';

import { answerTo, askedName } from './dns.mjs';

/** Also in arrivals.nft, which sends every other port to the last one. */
const TCP_PORTS = [22, 25, 53, 80, 123, 443, 853, 2375, 4000, 8080, 8443, 9];
const UDP_PORTS = [53, 9];
const KEPT_BYTES = 256;
const DRIP_MS = 100;

const [record = '', place = '', address] = process.argv.slice(2);
const onlyResolver = address !== undefined;
let connections = 0;

await Promise.all([
  ...(onlyResolver ? [53] : TCP_PORTS).map(listenTcp),
  ...(onlyResolver ? [53] : UDP_PORTS).flatMap((port) =>
    onlyResolver ? [listenUdp('udp4', port)] : [listenUdp('udp4', port), listenUdp('udp6', port)],
  ),
]);
console.log('listening');

/** @param {Record<string, unknown>} entry */
function write(entry) {
  appendFileSync(record, `${JSON.stringify({ at: Date.now(), place, ...entry })}\n`);
}

/** @param {number} port */
function listenTcp(port) {
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    const from = { from: plain(socket.remoteAddress), fromPort: socket.remotePort };
    const to = { to: plain(socket.localAddress), port };
    write({ event: 'connect', protocol: 'tcp', connection, ...from, ...to });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => write({ event: 'close', protocol: 'tcp', connection }));
    socket.on('data', (bytes) => {
      const name = port === 53 ? askedName(bytes.subarray(2)) : undefined;
      write({ event: 'data', protocol: 'tcp', connection, ...to, name, ...excerpt(bytes) });
      if (port === 53) answerDns(socket, bytes);
      else answerText(socket, bytes, to);
    });
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port, host: address ?? '::' }, () => resolve(undefined));
  });
}

/**
 * @param {'udp4' | 'udp6'} type
 * @param {number} port
 */
function listenUdp(type, port) {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.on('message', (bytes, peer) => {
    const name = port === 53 ? askedName(bytes) : undefined;
    const from = { from: peer.address, fromPort: peer.port };
    write({ event: 'data', protocol: 'udp', ...from, port, name, ...excerpt(bytes) });
    const answer = port === 53 ? answerTo(bytes) : Buffer.from('world\n');
    if (answer) socket.send(answer, peer.port, peer.address, () => {});
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.bind({ port, address }, () => resolve(undefined));
  });
}

/**
 * DNS over TCP: two bytes of length, then the message.
 *
 * @param {import('node:net').Socket} socket
 * @param {Buffer} bytes
 */
function answerDns(socket, bytes) {
  const answer = answerTo(bytes.subarray(2));
  if (!answer) return void socket.destroy();
  const length = Buffer.alloc(2);
  length.writeUInt16BE(answer.length);
  socket.write(Buffer.concat([length, answer]));
}

/**
 * HTTP gets one answer and the end, or at `/drip` a line ten times a second until the client leaves;
 * anything else gets one line.
 *
 * @param {import('node:net').Socket} socket
 * @param {Buffer} bytes
 * @param {{to: string, port: number}} to
 */
function answerText(socket, bytes, to) {
  const request = /^[A-Z]+ (\S+) HTTP\/1/.exec(bytes.toString('latin1'));
  const text = `world ${to.to} ${to.port}\n`;
  if (!request) return void socket.write(text);
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  if (request[1] !== '/drip') {
    return void socket.end(`${head}Content-Length: ${text.length}\r\n\r\n${text}`);
  }
  socket.write(`${head}\r\n`);
  const drip = setInterval(() => socket.write(text), DRIP_MS);
  socket.on('close', () => clearInterval(drip));
}

/** @param {Buffer} bytes */
function excerpt(bytes) {
  return { bytes: bytes.length, start: bytes.subarray(0, KEPT_BYTES).toString('latin1') };
}

/** An IPv4 address as such where it came through a socket for both families.
 * @param {string | undefined} text */
function plain(text) {
  return (text ?? '').replace(/^::ffff:/, '');
}
