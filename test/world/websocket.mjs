import { createHash } from 'node:crypto';

/** RFC 6455, section 1.3. */
const ANSWER_KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * Accepts any WebSocket and sends back each frame that it is sent (at most 64 KiB a frame).
 *
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} first bytes that came with the request
 */
export function echoWebSocket(request, socket, first) {
  socket.on('error', () => socket.destroy());
  const key = request.headers['sec-websocket-key'];
  if (typeof key !== 'string') return void socket.destroy();
  const accept = createHash('sha1').update(`${key}${ANSWER_KEY}`).digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let held = Buffer.alloc(0);
  const take = (/** @type {Buffer} */ bytes) => {
    held = Buffer.concat([held, bytes]);
    for (let frame = frameIn(held); frame !== null; frame = frameIn(held)) {
      socket.write(frame.echo);
      held = held.subarray(frame.length);
    }
  };
  take(first);
  socket.on('data', take);
}

/**
 * @param {Buffer} bytes
 * @returns {{echo: Buffer, length: number} | null} null until a whole frame is there
 */
function frameIn(bytes) {
  if (bytes.length < 2) return null;
  const short = (bytes[1] ?? 0) & 0x7f;
  const at = short === 126 ? 4 : 2;
  if (bytes.length < at + 4) return null;
  const size = short === 126 ? bytes.readUInt16BE(2) : short;
  const length = at + 4 + size;
  if (bytes.length < length) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = bytes
    .subarray(at + 4, length)
    .map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  const head = Buffer.from(bytes.subarray(0, at));
  head[1] = short;
  return { echo: Buffer.concat([head, payload]), length };
}
