const DRIP_MS = 100;

/**
 * The head of a request of HTTP/1 that the bytes begin with.
 *
 * @param {Buffer} bytes
 */
export function requestIn(bytes) {
  const text = bytes.toString('latin1');
  const [, method = '', path = ''] = /^([A-Z]+) (\S+) HTTP\/1/.exec(text) ?? [];
  if (method === '') return null;
  const [, host = null] = /^host:[ \t]*(.*?)[ \t]*\r?$/im.exec(text) ?? [];
  return { method, path, host };
}

/**
 * HTTP gets one answer and the end, or at `/drip` a line ten times a second until the client leaves;
 * anything else gets one line.
 *
 * @param {import('node:net').Socket} socket
 * @param {{path: string} | null} request
 * @param {{to: string, port: number}} to
 */
export function answerText(socket, request, to) {
  const text = `world ${to.to} ${to.port}\n`;
  if (!request) return void socket.write(text);
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n';
  if (request.path !== '/drip') {
    return void socket.end(`${head}Content-Length: ${text.length}\r\n\r\n${text}`);
  }
  socket.write(`${head}\r\n`);
  const drip = setInterval(() => socket.write(text), DRIP_MS);
  socket.on('close', () => clearInterval(drip));
}
