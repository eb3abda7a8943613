import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { lookup as lookUp, Resolver } from 'node:dns/promises';
import { connect } from 'node:net';

const WAIT_MS = 1500;

/**
 * Does it answer a TCP connection?
 *
 * @param {{host: string, port: number, send?: string}} probe
 */
export function tcp({ host, port, send = 'ask\n' }) {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const outcome = { connected: false, answer: '' };
    const done = () => {
      socket.destroy();
      resolve(outcome);
    };
    socket.on('connect', () => {
      outcome.connected = true;
      socket.write(send);
    });
    socket.on('data', (bytes) => {
      outcome.answer = bytes.toString('latin1').slice(0, 500);
      done();
    });
    socket.on('error', done).on('end', done);
    setTimeout(done, WAIT_MS);
  });
}

/** @param {{host: string, port: number}} probe */
export function udp({ host, port }) {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (answer) => {
      socket.close();
      resolve({ answer });
    };
    socket.on('error', () => done(''));
    socket.on('message', (bytes) => done(bytes.toString('latin1')));
    socket.send('ask', port, host);
    const timer = setTimeout(() => done(''), WAIT_MS);
    socket.on('close', () => clearTimeout(timer));
  });
}

/** @param {{name: string, type?: 'A' | 'AAAA' | 'TXT', server: string}} probe */
export async function dns({ name, type = 'A', server }) {
  const resolver = new Resolver({ timeout: WAIT_MS, tries: 1 });
  resolver.setServers([server]);
  return { answer: JSON.stringify(await resolver.resolve(name, type)) };
}

/** As any program of the sandbox resolves a name. @param {{name: string}} probe */
export async function lookup({ name }) {
  const late = new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error('late')), 2 * WAIT_MS);
  });
  const { address } = await Promise.race([lookUp(name), late]);
  return { answer: address };
}

/** @param {{ports: number[], host: string}} probe those of the ports that accept a connection */
export async function scan({ host, ports }) {
  const open = await Promise.all(
    ports.map(async (port) => ((await accepts(host, port)) ? [port] : [])),
  );
  return { open: open.flat() };
}

/**
 * @param {string} host
 * @param {number} port
 */
function accepts(host, port) {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (open) => {
      socket.destroy();
      resolve(open);
    };
    socket.on('connect', () => done(true)).on('error', () => done(false));
    setTimeout(() => done(false), WAIT_MS);
  });
}

/** @param {{script: string, seconds?: number}} probe a script for bash */
export function bash({ script, seconds = 15 }) {
  return new Promise((resolve) => {
    const options = { timeout: seconds * 1000, maxBuffer: 64 * 1024 * 1024, encoding: 'latin1' };
    execFile('bash', ['-c', script], options, (error, out, err) => {
      resolve({ code: error ? (error.code ?? 'timeout') : 0, out, err: err.slice(0, 2000) });
    });
  });
}
