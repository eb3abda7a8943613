import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { join } from 'node:path';

import { answerHttp } from './http.mjs';
import { echoWebSocket } from './websocket.mjs';

/**
 * Servers that listen nowhere: they are handed the connections that speak their protocol.
 *
 * @param {string} certificates the directory of `certificate.pem` and `key.pem`
 * @param {(socket: import('node:net').Socket, entry: Record<string, unknown>) => void} note
 *   what arrived, told by the connection
 */
export function makeServers(certificates, note) {
  const plain = createServer({ requireHostHeader: false });
  const secure = createSecureServer({
    allowHTTP1: true,
    cert: readFileSync(join(certificates, 'certificate.pem')),
    key: readFileSync(join(certificates, 'key.pem')),
  });
  secure.on('secureConnection', (socket) => {
    const { servername, alpnProtocol } = socket;
    note(socket, { event: 'tls', serverName: servername || null, alpn: alpnProtocol || null });
  });
  secure.on('tlsClientError', (_error, socket) => socket.destroy());
  secure.on('sessionError', () => {});
  for (const server of [plain, secure]) {
    server.on('clientError', (_error, socket) => socket.destroy());
    server.on('request', (request, response) => {
      note(request.socket, { event: 'request', ...described(request) });
      answerHttp(request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket, first) => {
      note(request.socket, { event: 'request', ...described(request) });
      echoWebSocket(request, socket, first);
    });
  }
  return { plain, secure };
}

/** @param {import('node:http2').Http2ServerRequest} request */
function described(request) {
  const { method, url: path, httpVersion, headers, socket } = request;
  return {
    secure: 'encrypted' in socket,
    serverName: socket.servername || null,
    host: request.authority ?? headers.host ?? null,
    method,
    path,
    httpVersion,
    headers,
  };
}
