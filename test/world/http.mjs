import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const PIECE = Buffer.alloc(65_536, 'w');
const LINE = Buffer.from('world\n');
/** Of `/bytes/<n>` and its like: what a test could mean. */
const MOST_BYTES = 2 ** 34;

/** The paths that are answered here; any other is answered with the recorder's own line of text. */
export const PATHS = /^\/(?:bytes|trickle|echo|slow|redirect|headers|socket)(?:[/?]|$)/;

/**
 * `/bytes/<n>` n bytes; `/trickle/<n>` n lines, ten a second; `/echo` the request's own body, as it
 * comes; `/slow/<ms>` an answer after so long; `/redirect?to=<url>`; `/headers` the request's headers
 * as JSON. Both HTTP/1.1 and HTTP/2.
 *
 * @param {import('node:http2').Http2ServerRequest} request
 * @param {import('node:http2').Http2ServerResponse} response
 */
export async function answerHttp(request, response) {
  const url = new URL(request.url, 'http://world.test');
  const [, what = '', parameter = ''] = url.pathname.split('/');
  const number = Math.min(Number(parameter) || 0, MOST_BYTES);
  response.on('error', () => response.destroy());
  request.on('error', () => response.destroy());
  if (what === 'bytes') {
    response.writeHead(200, { 'content-length': String(number) });
    return void Readable.from(pieces(number)).pipe(response);
  }
  if (what === 'trickle') return void Readable.from(lines(number)).pipe(response);
  if (what === 'echo') return void request.pipe(response);
  if (what === 'slow') await sleep(number);
  if (what === 'redirect') {
    response.writeHead(302, { location: url.searchParams.get('to') ?? '/' });
    return void response.end();
  }
  const { remoteAddress, localAddress = '', localPort } = request.socket;
  if (remoteAddress === undefined) return;
  const text = `world ${localAddress.replace(/^::ffff:/, '')} ${localPort}\n`;
  response.setHeader('content-type', 'text/plain');
  response.end(what === 'headers' ? JSON.stringify(request.headers) : text);
}

/** @param {number} total */
function* pieces(total) {
  for (let left = total; left > 0; left -= PIECE.length) {
    yield left >= PIECE.length ? PIECE : PIECE.subarray(0, left);
  }
}

/** @param {number} count */
async function* lines(count) {
  for (let sent = 0; sent < count; sent += 1) {
    yield LINE;
    await sleep(100);
  }
}
