import { beforeAll, describe, expect, it } from 'vitest';

import { world } from '../support/world.js';
import type { Outcome, Probe } from './probed.js';
import type { FilteredLab } from './filtered-lab.js';
import { denialsIn, Sandbox } from './sandboxes.js';

const EVIL = 'evil.test';

/** A request to the gateway with these lines; `@AUTH@` and the end of the head are added. */
function ask(line: string, headers: readonly string[], body = ''): string {
  return `${[line, ...headers, '@AUTH@'].join('\r\n')}\r\n\r\n${body}`;
}

const raw = (...say: string[]): Probe => ({ do: 'raw', say });
const get = (path: string, host = 'allowed.test') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const hidden = `GET /hidden HTTP/1.1\r\nHost: ${EVIL}\r\n\r\n`;
const POST = 'POST http://allowed.test/echo HTTP/1.1';
const HOST = 'Host: allowed.test';

/** Requests that two readers could read as two different ones, with what each hides. */
const SMUGGLING: Record<string, string> = {
  clTe: ask(POST, [HOST, 'Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden}`),
  teCl: ask(POST, [HOST, 'Transfer-Encoding: chunked', 'Content-Length: 3'], `0\r\n\r\n${hidden}`),
  twoLengths: ask(POST, [HOST, 'Content-Length: 0', 'Content-Length: 60'], hidden),
  listedLengths: ask(POST, [HOST, 'Content-Length: 0, 60'], hidden),
  signedLength: ask(POST, [HOST, 'Content-Length: +0'], hidden),
  twoEncodings: ask(POST, [HOST, 'Transfer-Encoding: identity, chunked'], `0\r\n\r\n${hidden}`),
  repeatedEncoding: ask(
    POST,
    [HOST, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    `0\r\n\r\n${hidden}`,
  ),
  obscuredEncoding: ask(POST, [HOST, 'Transfer-Encoding: xchunked'], `0\r\n\r\n${hidden}`),
  spacedHeader: ask(POST, [HOST, 'Content-Length: 0', 'Transfer-Encoding : chunked'], hidden),
  foldedHeader: ask(
    POST,
    [HOST, 'X-Fold: a', ' Transfer-Encoding: chunked', 'Content-Length: 0'],
    hidden,
  ),
  bareReturn: ask(POST, [HOST, `X: a\rHost: ${EVIL}`]),
  bareNewline: ask(POST, [HOST, `X: a\nHost: ${EVIL}`]),
  oldChunked: ask(
    'POST http://allowed.test/echo HTTP/1.0',
    [HOST, 'Transfer-Encoding: chunked'],
    hidden,
  ),
  badChunk: ask(POST, [HOST, 'Transfer-Encoding: chunked'], `-1\r\n${hidden}`),
  connectBody: ask('CONNECT allowed.test:80 HTTP/1.1', [HOST, 'Content-Length: 5'], 'abcde'),
};

/** Requests whose Host is not where they are sent. */
const OTHER_HOST: Record<string, Probe> = {
  absolute: raw(ask('GET http://allowed.test/ HTTP/1.1', [`Host: ${EVIL}`])),
  port: raw(ask('GET http://allowed.test/ HTTP/1.1', ['Host: allowed.test:8080'])),
  tunnel: { do: 'tunnel', to: 'allowed.test:80', say: [get('/', EVIL)] },
  tunnelAbsolute: { do: 'tunnel', to: 'allowed.test:80', say: [get(`http://${EVIL}/`)] },
  second: { do: 'tunnel', to: 'allowed.test:80', say: [get('/headers'), get('/', EVIL)] },
  pipelined: { do: 'tunnel', to: 'allowed.test:80', say: [get('/headers') + get('/', EVIL)] },
  secondAbsolute: raw(
    ask('GET http://allowed.test/headers HTTP/1.1', [HOST]),
    ask(`GET http://${EVIL}/ HTTP/1.1`, [`Host: ${EVIL}`]),
  ),
};

/** What no proxy for HTTP/1.1 should take. */
const BROKEN: Record<string, Probe> = {
  noHost: raw('GET http://allowed.test/ HTTP/1.1\r\n@AUTH@\r\n\r\n'),
  twoHosts: raw(ask('GET http://allowed.test/ HTTP/1.1', [HOST, `Host: ${EVIL}`])),
  origin: raw(ask('GET / HTTP/1.1', [HOST])),
  https: raw(ask('GET https://allowed.test/ HTTP/1.1', [HOST])),
  userInfo: raw(ask(`GET http://allowed.test@${EVIL}/ HTTP/1.1`, [HOST])),
  http2: raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  largeHead: raw(ask('GET http://allowed.test/ HTTP/1.1', [HOST, `X: ${'a'.repeat(100_000)}`])),
  manyHeaders: raw(
    ask('GET http://allowed.test/ HTTP/1.1', [HOST, ...Array<string>(2000).fill('X: a')]),
  ),
  noise: raw('\0\x01\x02\r\n\r\n'),
};

function nothingOfEvil(): void {
  expect(
    world.requests().filter(({ host, path }) => host === EVIL || path?.includes('hidden')),
  ).toEqual([]);
  const texts = world.recorded().flatMap(({ event, start }) => (event === 'data' ? [start] : []));
  expect(texts.filter((text) => text?.includes(EVIL))).toEqual([]);
}

/** N9 and N19. */
export function requestCases(lab: FilteredLab): void {
  describe('plain HTTP through the gateway', () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await Sandbox.start(lab.service, 'HTTP-1');
    });

    it('N9 takes no Host but the one that it is sent to, in each request', async () => {
      await world.clear();
      const good: Record<string, Probe> = {
        absolute: raw(ask('GET http://allowed.test/headers HTTP/1.1', [HOST])),
        tunnel: {
          do: 'tunnel',
          to: 'allowed.test:80',
          say: [get('/headers'), get('/headers', 'Allowed.TEST.')],
        },
      };
      const fine: Record<string, Outcome> = await sandbox.probe(good);
      for (const { answer } of Object.values(fine))
        expect(answer).toContain('"host":"allowed.test"');
      // What proves to the gateway who asks is not the internet’s to know.
      for (const { answer } of Object.values(fine))
        expect(answer?.toLowerCase()).not.toContain('proxy-');
      const found: Record<string, Outcome> = await sandbox.probe(OTHER_HOST);
      for (const name of Object.keys(OTHER_HOST)) {
        expect(found[name]?.answer, name).toMatch(
          /HTTP\/1\.1 403 [^]*x-risoluto-egress: (host_mismatch|not_listed)/i,
        );
      }
      expect(world.requests().length).toBeGreaterThan(2);
      nothingOfEvil();
    });

    it('N19 takes no request that could be read as another one', async () => {
      await world.clear();
      const control: Record<string, Outcome> = await sandbox.probe({
        length: raw(ask(POST, [HOST, 'Content-Length: 5'], 'hello')),
        chunked: raw(ask(POST, [HOST, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n')),
      });
      for (const { answer } of Object.values(control)) expect(answer).toMatch(/200 OK[^]*hello/);
      const found: Record<string, Outcome> = await sandbox.probe(
        Object.fromEntries(Object.entries(SMUGGLING).map(([name, text]) => [name, raw(text)])),
      );
      for (const name of Object.keys(SMUGGLING)) {
        const { answer = '' } = found[name] ?? {};
        expect(answer, name).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
      }
      nothingOfEvil();
    });

    it('N19 takes nothing that is no request to a proxy', async () => {
      await world.clear();
      const found: Record<string, Outcome> = await sandbox.probe(BROKEN);
      for (const name of Object.keys(BROKEN)) {
        const { answer = '' } = found[name] ?? {};
        expect(answer, name).toMatch(/^(HTTP\/1\.1 (4\d\d|505) |$)/);
      }
      nothingOfEvil();
      expect(world.requests()).toEqual([]);
      // And it is well after all that.
      const after = await sandbox.probe({
        curl: { do: 'bash', script: 'curl -s http://allowed.test/' },
      });
      expect(after.curl.out).toContain('world');
    });

    it('writes down why', async () => {
      await sandbox.end();
      const denials = denialsIn(await sandbox.decisions());
      expect(denials).toEqual(
        expect.arrayContaining([
          'allowed.test:80 host_mismatch',
          `${EVIL}:80 not_listed`,
          expect.stringMatching(/ malformed$/),
        ]),
      );
    });
  });
}
