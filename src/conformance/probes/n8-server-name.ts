import { clientHello, isServerHello } from '../inside/client-hello.js';
import { connectTo, gatewayProbe } from '../shared/gateway-probe.js';

const ALERT_RECORD = 0x15;

/** What came behind the answer to CONNECT; of no answer, nothing. */
function inTunnel(answer: string): string {
  return answer === '' ? '' : answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

export const serverName = gatewayProbe({
  id: 'N8',
  title: 'The server name of TLS must be the host asked for',
  applies: ({ listed }) => (listed?.port === 443 ? null : 'the listed host is not one with TLS'),
  tries: ({ listed: { host, port } }) => {
    const tunnel = connectTo(`${host}:${port}`);
    return {
      refused: {
        'another name': [tunnel, clientHello('front.example.com')],
        'a name below': [tunnel, clientHello(`front.${host}`)],
        'no name': [tunnel, clientHello(null)],
        'an encrypted name': [tunnel, clientHello(host, true)],
        'what is not TLS': [tunnel, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
        'another protocol': [tunnel, 'SSH-2.0-probe\r\n'],
      },
      allowed: { 'its own name': [tunnel, clientHello(host)] },
    };
  },
  // Whatever comes back of a host's own is no refusal: the gateway answers with an alert or nothing.
  isRefused: (answer) => {
    const inside = inTunnel(answer);
    return inside === '' || inside.charCodeAt(0) === ALERT_RECORD;
  },
  isAllowed: (answer) => isServerHello(inTunnel(answer)),
});
