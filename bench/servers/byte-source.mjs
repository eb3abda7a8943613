// Reads a fixed number of bytes (BENCH_HELLO_BYTES), then again and again a 64-bit number, and sends
// that many bytes. Its first line is its port, a port of TLS, so that the gateway looks at what comes
// first.
import { createServer } from 'node:net';

const HELLO_BYTES = Number(process.env.BENCH_HELLO_BYTES);
const ORDER_BYTES = 8;
const CHUNK = Buffer.alloc(1024 * 1024, 7);

/** @param {import('node:net').Socket} socket */
function serve(socket) {
  let held = Buffer.alloc(0);
  let skip = HELLO_BYTES;
  socket.on('error', () => socket.destroy());
  socket.on('data', (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= skip + ORDER_BYTES) {
      send(socket, Number(held.readBigUInt64BE(skip)));
      held = held.subarray(skip + ORDER_BYTES);
      skip = 0;
    }
  });
}

/**
 * @param {import('node:net').Socket} socket
 * @param {number} count
 */
function send(socket, count) {
  const more = (left) => {
    const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
    const rest = left - chunk.length;
    const goesOn = socket.write(chunk);
    if (rest === 0) return;
    if (goesOn) more(rest);
    else socket.once('drain', () => more(rest));
  };
  more(count);
}

const port = Number(process.env.TARGET_PORT);
createServer({ noDelay: true }, serve).listen(port, '127.0.0.1', () => console.log(port));
