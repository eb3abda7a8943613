// Answers for the internet, and for the resolver on the host's loopback, and writes down who came.
// Arguments: the record (NDJSON, appended), what to call this place in it; --address the one to listen
// on (default: every one; then only as a resolver), --certificates a directory with those of its TLS
// servers. Prints "listening" when it does.
import { createSocket } from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';

import { answerTo, askedName } from './dns.mjs';
import { PATHS } from './http.mjs';
import { makeServers } from './servers.mjs';
import { answerText, requestIn } from './text.mjs';

/** Also in arrivals.nft, which sends every other port to the last one. */
const TCP_PORTS = [7, 22, 25, 53, 80, 123, 443, 853, 2375, 4000, 8080, 8443, 9];
const UDP_PORTS = [53, 9];
const ECHO_PORT = 7;
const KEPT_BYTES = 256;
/** Of one connection: a large upload would fill the record. */
const KEPT_PIECES = 64;
const TLS_HANDSHAKE = 0x16;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { address: { type: 'string' }, certificates: { type: 'string' } },
});
const [record = '', place = ''] = positionals;
const { address, certificates } = values;
const onlyResolver = address !== undefined;
let connections = 0;
/** @type {Map<string, {connection: number, to: string, port: number}>} */
const known = new Map();
const servers = certificates ? makeServers(certificates, writeOf) : null;

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

/**
 * @param {import('node:net').Socket} socket
 * @param {Record<string, unknown>} entry
 */
function writeOf(socket, entry) {
  write({ protocol: 'tcp', ...known.get(peerOf(socket)), ...entry });
}

/** @param {number} port */
function listenTcp(port) {
  const server = createServer((socket) => {
    connections += 1;
    const connection = connections;
    const peer = peerOf(socket);
    const to = { to: plain(socket.localAddress), port };
    known.set(peer, { connection, ...to });
    const from = { from: plain(socket.remoteAddress), fromPort: socket.remotePort };
    write({ event: 'connect', protocol: 'tcp', connection, ...from, ...to });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      known.delete(peer);
      write({ event: 'close', protocol: 'tcp', connection });
    });
    converse(socket, connection, to);
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ port, host: address ?? '::' }, () => resolve(undefined));
  });
}

/**
 * @param {import('node:net').Socket} socket
 * @param {number} connection
 * @param {{to: string, port: number}} to
 */
function converse(socket, connection, to) {
  const { port } = to;
  let pieces = 0;
  socket.on('data', (bytes) => {
    const name = port === 53 ? askedName(bytes.subarray(2)) : undefined;
    pieces += 1;
    if (pieces <= KEPT_PIECES) {
      write({ event: 'data', protocol: 'tcp', connection, ...to, name, ...excerpt(bytes) });
    }
    if (port === 53) return answerDns(socket, bytes);
    if (port === ECHO_PORT) return void socket.write(bytes);
    const request = requestIn(bytes);
    const server = pieces === 1 ? serverFor(bytes, request?.path) : null;
    if (server) return handOver(socket, bytes, server);
    if (request) writeOf(socket, { event: 'request', secure: false, ...request });
    answerText(socket, request, to);
  });
}

/**
 * TLS has a server at every port, and so do the paths that `http.mjs` knows.
 *
 * @param {Buffer} bytes
 * @param {string} [path]
 */
function serverFor(bytes, path = '') {
  if (bytes[0] === TLS_HANDSHAKE) return servers?.secure ?? null;
  return PATHS.test(path) ? (servers?.plain ?? null) : null;
}

/**
 * @param {import('node:net').Socket} socket
 * @param {Buffer} bytes
 * @param {import('node:events').EventEmitter} server
 */
function handOver(socket, bytes, server) {
  socket.removeAllListeners('data');
  socket.pause();
  socket.unshift(bytes);
  // Not from within the read that brought the bytes: TLS would take the handle from under it.
  setImmediate(() => {
    if (!socket.destroyed) server.emit('connection', socket);
    socket.resume();
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
    const answer = port === 53 ? answerTo(bytes) : { message: Buffer.from('world\n'), delayMs: 0 };
    if (answer === null) return;
    const send = () => socket.send(answer.message, peer.port, peer.address, () => {});
    if (answer.delayMs > 0) setTimeout(send, answer.delayMs);
    else send();
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
  length.writeUInt16BE(answer.message.length);
  setTimeout(() => socket.write(Buffer.concat([length, answer.message])), answer.delayMs);
}

/** @param {Buffer} bytes */
function excerpt(bytes) {
  return { bytes: bytes.length, start: bytes.subarray(0, KEPT_BYTES).toString('latin1') };
}

/** @param {import('node:net').Socket} socket */
function peerOf(socket) {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localPort}`;
}

/** An IPv4 address as such where it came through a socket for both families.
 * @param {string | undefined} text */
function plain(text) {
  return (text ?? '').replace(/^::ffff:/, '');
}
