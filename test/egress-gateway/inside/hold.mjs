// Opens a tunnel, says one thing in it, and from then on only listens; keeps what it hears in a file.
// Arguments: where to, what to say, the file.
import { appendFileSync } from 'node:fs';
import { connect } from 'node:net';

import { gateway } from './tunnel.mjs';

const [, , to = '', say = '', file = ''] = process.argv;
const { host, port, authorization } = gateway();
const socket = connect(port, host);
socket.write(
  `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
);
socket.once('data', () => {
  socket.write(say);
  socket.on('data', (bytes) => appendFileSync(file, `${Date.now()} ${bytes.length}\n`));
});
socket.on('error', () => socket.destroy());
socket.on('close', () => {
  appendFileSync(file, `${Date.now()} closed\n`);
  setInterval(() => {}, 60_000);
});
