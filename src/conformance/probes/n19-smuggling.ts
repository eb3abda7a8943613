import { AUTH } from '../inside/reach-script.js';
import { gatewayProbe, get, statusOf } from '../shared/gateway-probe.js';
import { isOfHost, withoutPlainHttp } from '../shared/plain-http.js';

export const smuggling = gatewayProbe({
  id: 'N19',
  title: 'A request that can be read as another one is refused',
  applies: withoutPlainHttp,
  tries: ({ listed }, nonce) => {
    const [own, evil] = [listed.host, `${nonce}.example.com`];
    const hidden = `GET /hidden HTTP/1.1\r\nHost: ${evil}\r\n\r\n`;
    const post = (headers: readonly string[], body: string, version = '1.1') => [
      [`POST http://${own}/ HTTP/${version}`, `Host: ${own}`, ...headers, AUTH, '', body].join(
        '\r\n',
      ),
    ];
    const chunked = 'Transfer-Encoding: chunked';
    return {
      refused: {
        'CL.TE': post(['Content-Length: 6', chunked], `0\r\n\r\n${hidden}`),
        'TE.CL': post([chunked, 'Content-Length: 3'], `0\r\n\r\n${hidden}`),
        'two lengths': post(['Content-Length: 0', 'Content-Length: 60'], hidden),
        'a list of lengths': post(['Content-Length: 0, 60'], hidden),
        'a signed length': post(['Content-Length: +0'], hidden),
        'two encodings': post(['Transfer-Encoding: identity, chunked'], `0\r\n\r\n${hidden}`),
        'an unknown encoding': post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden}`),
        'a space before the colon': post(
          ['Content-Length: 0', 'Transfer-Encoding : chunked'],
          hidden,
        ),
        'a folded header': post(
          ['X: a', ' Transfer-Encoding: chunked', 'Content-Length: 0'],
          hidden,
        ),
        'a bare CR': post([`X: a\rHost: ${evil}`], ''),
        'a bare LF': post([`X: a\nHost: ${evil}`], ''),
        'chunks in HTTP/1.0': post([chunked], `0\r\n\r\n${hidden}`, '1.0'),
        'a negative chunk': post([chunked], `-1\r\n${hidden}`),
        'absolute form and another Host': [get(`http://${own}/`, `Host: ${evil}`)],
      },
      allowed: { 'a plain request': [get(`http://${own}/`, `Host: ${own}`)] },
    };
  },
  isRefused: (answer) => answer === '' || (statusOf(answer) >= 400 && statusOf(answer) < 500),
  isAllowed: isOfHost,
});
