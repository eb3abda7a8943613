// An HTTPS upstream on loopback whose answers begin after a while, as a model's do: `/wait/<ms>` a short
// answer after so long, `/bytes/<n>` n bytes at once. CERTIFICATE and KEY name its files. Its first line
// is its port.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const CHUNK = Buffer.alloc(64 * 1024, 'w');

const server = createServer(
  {
    cert: readFileSync(process.env.CERTIFICATE ?? ''),
    key: readFileSync(process.env.KEY ?? ''),
    keepAliveTimeout: 60_000,
  },
  (request, response) => {
    const [, what, parameter] = (request.url ?? '').split('/');
    const number = Number(parameter);
    request.resume();
    if (what === 'wait') return void setTimeout(() => response.end('answer'), number);
    response.writeHead(200, { 'Content-Length': number });
    let left = number;
    const more = () => {
      while (left > 0) {
        const piece = CHUNK.subarray(0, Math.min(left, CHUNK.length));
        left -= piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  },
);
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
