import { createServer } from 'node:net';

/** Why nothing can listen on that address of this machine, on any port; `null`: something can. */
export function addressProblem(bind: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', (error: NodeJS.ErrnoException) => {
      resolve(`cannot be listened on, on this machine (${error.code ?? error.message})`);
    });
    server.listen({ host: bind, port: 0 }, () => server.close(() => resolve(null)));
  });
}
