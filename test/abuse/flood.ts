import { once } from 'node:events';
import { connect } from 'node:net';

const CONNECTIONS = 16;
const TOGETHER = 25;

/**
 * Sends `count` requests over a few connections, some at a time on each, and counts the answers by
 * status. Connections that are closed in between are opened again.
 */
export async function flood(
  url: string,
  count: number,
  request: (index: number) => string,
): Promise<Map<string, number>> {
  const statuses = new Map<string, number>();
  let next = 0;
  const one = async () => {
    while (next < count) {
      const from = next;
      next = Math.min(count, next + TOGETHER);
      const batch = Array.from({ length: next - from }, (_none, index) => request(from + index));
      for (const status of await answersTo(url, batch)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  return statuses;
}

async function answersTo(url: string, requests: readonly string[]): Promise<string[]> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  const found: string[] = [];
  let text = '';
  socket.setEncoding('latin1').on('data', (some: string) => {
    text += some;
    found.push(...[...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status));
    text = text.slice(-11).replace(/HTTP\/1\.1 \d{3} /, '');
  });
  socket.on('error', () => undefined);
  socket.write(requests.slice(0, -1).join(''));
  socket.write((requests.at(-1) ?? '').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await once(socket, 'close');
  return found;
}
