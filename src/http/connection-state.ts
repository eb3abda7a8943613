import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The answer that a connection waits for; Node keeps it there and nowhere public. */
export function answerOf(socket: Socket): (ServerResponse & { req: IncomingMessage }) | null {
  const message: unknown = Reflect.get(socket, '_httpMessage');
  return typeof message === 'object' && message !== null ? (message as never) : null;
}

/** Whether it is the client's turn: it has sent no request, or not all of one. */
export function waitsForClient(socket: Socket): boolean {
  const answer = answerOf(socket);
  return answer === null || !answer.req.complete;
}
