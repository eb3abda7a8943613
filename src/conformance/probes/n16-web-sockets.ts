import { connectTo, gatewayProbe, get } from '../shared/gateway-probe.js';

const UPGRADE = [
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
];

/** A listed host that speaks WebSockets is not known here; the project’s tests have one. */
export const webSockets = gatewayProbe({
  id: 'N16',
  title: 'A WebSocket to another host is refused',
  tries: ({ listed: { host, port } }, nonce) => {
    const other = `${nonce}.example.com`;
    return {
      refused: {
        'with TLS': [connectTo(`${other}:443`)],
        'without TLS': [connectTo(`${other}:80`)],
        'without a tunnel': [get(`http://${other}/`, `Host: ${other}`, ...UPGRADE)],
      },
      allowed: { [`a tunnel to ${host}`]: [connectTo(`${host}:${port}`)] },
    };
  },
});
