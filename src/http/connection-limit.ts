import type { Server, Socket } from 'node:net';

import { waitsForClient } from './connection-state.js';

/** Room is made for this part of all connections at once, so that a flood does not pay for each. */
const ROOM = 1 / 32;

/**
 * Keeps at most so many connections. Where one more comes, those give way whose client has been due
 * to send something, the oldest first; where every client waits for an answer, the newcomer does. So
 * a connection that only lies there costs nobody else his.
 */
export function limitConnections(server: Server, most: number): void {
  /** In the order in which they came. */
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size > most) makeRoom(open, open.size - most + Math.floor(most * ROOM));
    if (open.size > most) cut(open, socket);
  });
}

function makeRoom(open: Set<Socket>, places: number): void {
  let left = places;
  for (const socket of open) {
    if (left === 0) return;
    if (!waitsForClient(socket)) continue;
    cut(open, socket);
    left -= 1;
  }
}

function cut(open: Set<Socket>, socket: Socket): void {
  open.delete(socket);
  socket.destroy();
}
