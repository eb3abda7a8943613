// Talks until it is killed, ten times a second: in a tunnel that it opened at its start, through the
// gateway anew, and straight to a public address. Arguments: where the tunnel goes, a URL of HTTP, the
// public address. Keeps the time of each last answer in /tmp/beat, as JSON.
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setInterval } from 'node:timers';

import { gateway } from './tunnel.mjs';

const BEAT_MS = 100;
const GIVEN_UP_MS = 3000;

const [, , tunnelTo = '', url = '', address = ''] = process.argv;
const { host, port, authorization } = gateway();
const proof = `Proxy-Authorization: ${authorization}\r\n`;
const heard = { tunnel: 0, request: 0, direct: 0 };

const tunnel = connect(port, host).on('error', () => tunnel.destroy());
tunnel.write(`CONNECT ${tunnelTo} HTTP/1.1\r\nHost: ${tunnelTo}\r\n${proof}\r\n`);
tunnel.on('data', () => note('tunnel'));

setInterval(() => {
  if (tunnel.writable) tunnel.write('beat\n');
  const head = `GET ${url} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${proof}Connection: close\r\n\r\n`;
  ask('request', { at: [port, host], say: head });
  ask('direct', { at: [80, address], say: 'beat\n' });
}, BEAT_MS);

/**
 * @param {'request' | 'direct'} what
 * @param {{at: [number, string], say: string}} how
 */
function ask(what, { at, say }) {
  const socket = connect(...at).on('error', () => socket.destroy());
  socket.write(say);
  socket.once('data', (bytes) => {
    if (!/^HTTP\/1\.1 [^2]/.test(bytes.toString('latin1'))) note(what);
    socket.destroy();
  });
  setTimeout(() => socket.destroy(), GIVEN_UP_MS);
}

/** @param {'tunnel' | 'request' | 'direct'} what */
function note(what) {
  heard[what] = Date.now();
  writeFileSync('/tmp/beat', JSON.stringify(heard));
}
