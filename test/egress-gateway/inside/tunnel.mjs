import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { shaped } from './hello.mjs';

const WAIT_MS = 8000;
/** The gateway gives a connection ten seconds. */
const HEAD_MS = 12_000;
/** An answer that goes on is looked at no longer than this after its last byte. */
const QUIET_MS = 400;

/** The gateway of this sandbox and what it is to be shown, from the variables that its programs read. */
export function gateway() {
  const url = new URL(process.env.HTTP_PROXY ?? 'http://none:none@127.0.0.1:1');
  const credentials = Buffer.from(`${url.username}:${decodeURIComponent(url.password)}`);
  return {
    host: url.hostname,
    port: Number(url.port),
    authorization: `Basic ${credentials.toString('base64')}`,
  };
}

/**
 * CONNECT through the gateway, and what is said in the tunnel.
 *
 * @param {object} probe
 * @param {string} probe.to as it is written into the request
 * @param {string} [probe.authorization] default: this sandbox's own; empty: none
 * @param {{serverName?: string | null, shape?: string}} [probe.tls] `null`: none
 * @param {string[]} [probe.say] one after the other, each when something has come back; Latin-1
 */
export async function tunnel({ to, authorization, tls, say }) {
  const { host, port, authorization: own } = gateway();
  const socket = connect(port, host).setNoDelay(true);
  socket.on('error', () => {});
  try {
    const shown = authorization ?? own;
    const proof = shown === '' ? '' : `Proxy-Authorization: ${shown}\r\n`;
    socket.write(`CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n${proof}\r\n`, 'latin1');
    const answer = await readHead(socket);
    if (answer.status !== 200) return answer;
    return { ...answer, ...(await inTunnel(socket, { to, tls, say })) };
  } finally {
    socket.destroy();
  }
}

/**
 * @param {import('node:net').Socket} socket
 * @param {{to: string, tls?: {serverName?: string | null, shape?: string}, say?: string[]}} what
 */
async function inTunnel(socket, { to, tls, say }) {
  const name = to.replace(/:\d+$/, '');
  const said = say ?? [`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`];
  if (!tls) return { answer: await converse(socket, said) };
  const { serverName = name, shape = '' } = tls;
  const secure = connectTls({
    socket: shaped(socket, shape),
    rejectUnauthorized: false,
    ...(serverName !== null && { servername: serverName }),
    ALPNProtocols: ['http/1.1'],
  });
  try {
    await event(secure, 'secureConnect');
    return { answer: await converse(secure, said) };
  } catch (error) {
    return { alert: error.code ?? error.message };
  }
}

/**
 * Sends bytes to the gateway (or to another address) and answers all that comes back.
 * `@AUTH@` stands for the header with this sandbox's credentials.
 *
 * @param {{say: string[], host?: string, port?: number}} probe
 */
export async function raw({ say, host, port }) {
  const own = gateway();
  const socket = connect(port ?? own.port, host ?? own.host).setNoDelay(true);
  try {
    const header = `Proxy-Authorization: ${own.authorization}`;
    return {
      answer: await converse(
        socket,
        say.map((text) => text.replaceAll('@AUTH@', header)),
      ),
    };
  } finally {
    socket.destroy();
  }
}

/** @param {import('node:net').Socket} socket */
async function readHead(socket) {
  let text = '';
  const deadline = Date.now() + HEAD_MS;
  while (!text.includes('\r\n\r\n')) {
    const bytes = await next(socket, deadline - Date.now());
    if (bytes === null) break;
    text += bytes.toString('latin1');
  }
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  if (status !== 200) {
    for (let more = await next(socket, QUIET_MS); more; more = await next(socket, QUIET_MS)) {
      text += more.toString('latin1');
    }
  }
  const reason = /^x-risoluto-egress: (\S+)/im.exec(text)?.[1] ?? null;
  return { status, reason, text: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

/**
 * @param {import('node:stream').Duplex} socket
 * @param {string[]} say
 */
async function converse(socket, say) {
  let answer = '';
  socket.on('error', () => {});
  for (const text of say) {
    if (!socket.writable) break;
    socket.write(Buffer.from(text, 'latin1'));
    const first = await next(socket, WAIT_MS);
    if (first === null) break;
    answer += first.toString('latin1');
    for (let more = await next(socket, QUIET_MS); more; more = await next(socket, QUIET_MS)) {
      answer += more.toString('latin1');
    }
  }
  return answer;
}

/**
 * The next bytes; null when it has ended or the time is over.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {number} ms
 */
function next(socket, ms) {
  return new Promise((resolve, reject) => {
    if (socket.destroyed || socket.readableEnded) return resolve(null);
    const done = (value, error) => {
      clearTimeout(timer);
      socket
        .off('data', onData)
        .off('end', onEnd)
        .off('close', onEnd)
        .off('error', onError)
        .pause();
      if (error) reject(error);
      else resolve(value);
    };
    const onData = (bytes) => done(bytes);
    const onEnd = () => done(null);
    const onError = (error) => done(null, error);
    const timer = setTimeout(onEnd, ms);
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError).resume();
  });
}

/**
 * @param {import('node:stream').Duplex} socket
 * @param {string} name
 */
function event(socket, name) {
  return new Promise((resolve, reject) => {
    socket.once(name, resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    setTimeout(() => reject(new Error('late')), WAIT_MS);
  });
}
