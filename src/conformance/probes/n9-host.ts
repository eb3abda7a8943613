import { connectTo, gatewayProbe, get, statusOf } from '../shared/gateway-probe.js';
import { isOfGateway, isOfHost, withoutPlainHttp } from '../shared/plain-http.js';

export const host = gatewayProbe({
  id: 'N9',
  title: 'The Host of a request must be where it is sent',
  applies: withoutPlainHttp,
  tries: ({ listed }, nonce) => {
    const [own, other] = [listed.host, `${nonce}.example.com`];
    return {
      refused: {
        'another Host': [get(`http://${own}/`, `Host: ${other}`)],
        'another port in Host': [get(`http://${own}/`, `Host: ${own}:8080`)],
        'two of them': [get(`http://${own}/`, `Host: ${own}`, `Host: ${other}`)],
        none: [get(`http://${own}/`)],
        'another one in a tunnel': [connectTo(`${own}:80`), direct(other)],
        'another address in a tunnel': [
          connectTo(`${own}:80`),
          `GET http://${other}/ HTTP/1.1\r\nHost: ${own}\r\n\r\n`,
        ],
      },
      allowed: { 'its own Host': [get(`http://${own}/`, `Host: ${own}`)] },
    };
  },
  // In a tunnel the refusal comes behind the answer to CONNECT.
  isRefused: (answer) => {
    const last = answer.startsWith('HTTP/1.1 200')
      ? answer.slice(answer.indexOf('\r\n\r\n') + 4)
      : answer;
    return statusOf(last) >= 400 && statusOf(last) < 500 && isOfGateway(last);
  },
  isAllowed: isOfHost,
});

function direct(name: string): string {
  return `GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`;
}
