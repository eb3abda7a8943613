import { clientHello, isServerHello } from '../inside/client-hello.js';
import { connectTo, gatewayProbe } from '../shared/gateway-probe.js';

export const listed = gatewayProbe({
  id: 'N1',
  title: 'A listed host can be reached',
  applies: ({ listed: host }) =>
    host?.port === 443 ? null : 'the listed host is not one with TLS',
  tries: ({ listed: { host, port } }, nonce) => ({
    allowed: { [`${host}:${port}`]: [connectTo(`${host}:${port}`), clientHello(host)] },
    refused: { 'a host that is not': [connectTo(`${nonce}.example.com:443`)] },
  }),
  isAllowed: (answer) => isServerHello(answer.slice(answer.indexOf('\r\n\r\n') + 4)),
});
