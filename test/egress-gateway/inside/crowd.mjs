import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { gateway } from './tunnel.mjs';

const PATIENCE_MS = 40_000;

/**
 * So many tunnels at once, all open before the first says anything; then each sends a line of its own
 * and waits for its echo.
 *
 * @param {{to: string, count: number}} probe
 */
export async function crowd({ to, count }) {
  const members = Array.from({ length: count }, (_, index) => open(to, index));
  const statuses = await Promise.all(members.map(({ status }) => status));
  const echoed = await Promise.all(members.map((member) => member.echo()));
  for (const { socket } of members) socket.destroy();
  const refused = statuses.filter((status) => status !== 200);
  return { answer: JSON.stringify({ echoed: echoed.filter(Boolean).length, refused }) };
}

/**
 * @param {string} to
 * @param {number} index
 */
function open(to, index) {
  const { host, port, authorization } = gateway();
  const socket = connect(port, host);
  const line = `line ${index}\n`;
  let text = '';
  let wake = () => {};
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    wake();
  });
  socket.on('error', () => socket.destroy()).on('close', () => wake());
  socket.write(
    `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\nProxy-Authorization: ${authorization}\r\n\r\n`,
  );
  const until = async (condition) => {
    const deadline = Date.now() + PATIENCE_MS;
    while (!condition() && !socket.destroyed && Date.now() < deadline) {
      await Promise.race([new Promise((resolve) => (wake = () => resolve(null))), sleep(1000)]);
    }
    return condition();
  };
  const status = until(() => text.includes('\r\n\r\n')).then(() =>
    Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
  );
  const echo = async () => {
    if ((await status) !== 200 || socket.destroyed) return false;
    socket.write(line);
    return until(() => text.endsWith(line));
  };
  return { socket, status, echo };
}

/**
 * So many connections whose requests never end: some say nothing, some half a head, some go on with a
 * header a second, some have a tunnel and half a ClientHello. Answers how many of each were still open
 * after a while.
 *
 * @param {{to: string, count: number, seconds: number}} probe
 */
export async function stall({ to, count, seconds }) {
  const { host, port, authorization } = gateway();
  const head = `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\n`;
  const kinds = {
    silent: () => '',
    half: () => head,
    slow: () => head,
    hello: () => `${head}Proxy-Authorization: ${authorization}\r\n\r\n\x16\x03\x01\x02\x00\x01`,
  };
  const all = Object.entries(kinds).map(([kind, first]) => {
    const sockets = Array.from({ length: count }, () => {
      const socket = connect(port, host)
        .on('error', () => socket.destroy())
        .resume();
      socket.write(Buffer.from(first(), 'latin1'));
      return socket;
    });
    return { kind, sockets };
  });
  for (let second = 0; second < seconds; second += 1) {
    await sleep(1000);
    const slow = all.find(({ kind }) => kind === 'slow')?.sockets ?? [];
    for (const socket of slow) if (socket.writable) socket.write(`X-${second}: x\r\n`);
  }
  const left = all.map(({ kind, sockets }) => [
    kind,
    sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length,
  ]);
  return { answer: JSON.stringify(Object.fromEntries(left)) };
}
