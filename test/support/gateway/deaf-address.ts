import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A listener that never accepts: its queue is one connection long. */
const SCRIPT = `
require('node:net').createServer().listen({ host: process.argv[1], port: 0, backlog: 1 }, function () {
  process.stdout.write(String(this.address().port), () =>
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});`;

/** A port of this address where connections are neither made nor refused. */
export async function deafPort(host: string): Promise<{ port: number; close: () => void }> {
  const child = spawn(process.execPath, ['-e', SCRIPT, host], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(String(text));
  const fillers: Socket[] = [];
  let isFull = false;
  while (!isFull) {
    const socket = connect(port, host).on('error', () => undefined);
    fillers.push(socket);
    isFull = await Promise.race([
      once(socket, 'connect').then(() => false),
      new Promise<boolean>((resolve) => setTimeout(resolve, 300, true)),
    ]);
  }
  const close = (): void => {
    for (const socket of fillers) socket.destroy();
    child.kill('SIGKILL');
  };
  return { port, close };
}
