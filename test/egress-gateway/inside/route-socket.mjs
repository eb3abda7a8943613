// Opens a WebSocket on a credential route, sends one frame and prints what comes back, or the refusal.
// Arguments: the URL, the text of the frame.
import { connect } from 'node:net';

const [, , text = '', message = ''] = process.argv;
const url = new URL(text);
const socket = connect(Number(url.port), url.hostname);
socket.write(
  `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
);
const payload = Buffer.from(message);
// A mask of zeros changes nothing.
const frame = Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
let answer = Buffer.alloc(0);
socket.on('data', (bytes) => {
  const before = answer.includes('\r\n\r\n');
  answer = Buffer.concat([answer, bytes]);
  if (!before && answer.includes('\r\n\r\n')) socket.write(frame);
  const at = answer.indexOf('\r\n\r\n') + 4;
  const isAccepted = answer.includes('HTTP/1.1 101');
  if (isAccepted && answer.length < at + 2 + payload.length) return;
  const [status = ''] = answer.toString('latin1').split('\r\n', 1);
  const frames = isAccepted ? answer.subarray(at + 2).toString() : '';
  process.stdout.write(`${status} ${frames}\n`, () => process.exit());
});
socket.on('error', (error) => {
  process.stdout.write(`${error.code}\n`, () => process.exit());
});
