import { describe, expect, it } from 'vitest';

import {
  credentialRoutesSchema,
  filledTemplate,
  parseUpstream,
} from './credential-routes-schema.js';
import { parseYaml } from './yaml-file.js';

const MODEL = {
  name: 'model',
  upstream: 'https://api.example.com/v1',
  header: 'Authorization',
  secret: 'MODEL_KEY',
};

function problemsOf(route: object): string[] {
  const problems: string[] = [];
  const text = JSON.stringify({ codex: { sandbox: { credentialRoutes: [route] } } });
  parseYaml(text, 'x', (problem) => problems.push(problem));
  return problems;
}

describe('a credential route in the settings', () => {
  it('takes what is needed and has defaults for the rest', () => {
    expect(credentialRoutesSchema.parse([MODEL])).toEqual([
      {
        ...MODEL,
        plainHttp: false,
        valueTemplate: 'Bearer {{ secret }}',
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        paths: ['/*'],
      },
    ]);
  });

  it.each<[object, string, RegExp]>([
    [{ upstream: 'http://api.example.com' }, 'upstream', /must be https; plainHttp/],
    [{ upstream: 'https://user:pass@api.example.com' }, 'upstream', /must be https:\/\/host/],
    [{ upstream: 'https://api.example.com/?key=1' }, 'upstream', /nothing else/],
    [{ upstream: 'https://api.example.com/v1/../v2' }, 'upstream', /nothing else/],
    [{ upstream: 'https://api.example.com/%2e%2e' }, 'upstream', /nothing else/],
    [{ upstream: 'ftp://api.example.com' }, 'upstream', /nothing else/],
    [{ name: 'Model' }, 'name', /lower-case/],
    [{ name: 'a--b' }, 'name', /single -/],
    [{ name: 'a_b' }, 'name', /lower-case/],
    [{ header: 'Host' }, 'header', /delimits or addresses/],
    [{ header: 'content-LENGTH' }, 'header', /delimits or addresses/],
    [{ header: 'Transfer-Encoding' }, 'header', /delimits or addresses/],
    [{ header: 'Proxy-Authorization' }, 'header', /delimits or addresses/],
    [{ header: 'X Key' }, 'header', /name of a header/],
    [{ header: 'X-Key\r\nHost' }, 'header', /name of a header/],
    [{ valueTemplate: 'Bearer' }, 'valueTemplate', /\{\{ secret \}\} once/],
    [{ valueTemplate: '{{ secret }} {{secret}}' }, 'valueTemplate', /\{\{ secret \}\} once/],
    [{ valueTemplate: '{{ secret }} {{ other }}' }, 'valueTemplate', /no placeholder but/],
    [{ valueTemplate: '{{ secret }}\r\nHost: x' }, 'valueTemplate', /one line/],
    [{ secret: 'two words' }, 'secret', /name of a stored secret/],
    [{ methods: ['TRACE'] }, 'methods.0', /must be one of GET/],
    [{ methods: ['get'] }, 'methods.0', /must be one of GET/],
    [{ paths: ['models'] }, 'paths.0', /must be a path/],
    [{ paths: ['/a/%2e%2e'] }, 'paths.0', /without escapes/],
    [{ paths: ['/a/../b'] }, 'paths.0', /\. or \.\./],
    [{ paths: ['/a*'] }, 'paths.0', /must be a path/],
    [{ rateLimit: { requestsPerMinute: 0 } }, 'rateLimit.requestsPerMinute', /./],
    [{ secretName: 'X' }, 'secretName', /unknown key/],
    [{ value_template: 'X' }, 'value_template', /did you mean .*\.valueTemplate/],
  ])('is refused with %j', (change, key, rule) => {
    const problems = problemsOf({ ...MODEL, ...change });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`codex.sandbox.credentialRoutes.0.${key}: `);
    expect(problems[0]).toMatch(rule);
  });

  it('may be plain http where the operator says so, and has a name of its own', () => {
    const plain = { ...MODEL, upstream: 'http://10.0.0.1:8080', plainHttp: true };
    expect(problemsOf(plain)).toEqual([]);
    expect(credentialRoutesSchema.safeParse([MODEL, plain]).error?.issues).toMatchObject([
      { path: [1, 'name'], message: 'is the name of an earlier route' },
    ]);
  });

  const LOGIN = { name: 'codex', upstream: 'https://chatgpt.com/backend-api/codex' };

  it.each<[object, string, RegExp]>([
    [{}, 'secret', /is missing: .* or codexAuth/],
    [{ codexAuth: '.codex/auth.json' }, 'codexAuth', /must be true, .* absolute path/],
    [{ codexAuth: '~/.codex/auth.json' }, 'codexAuth', /must be true, .* absolute path/],
    [{ codexAuth: '/srv/' }, 'codexAuth', /must be true, .* absolute path/],
    [{ codexAuth: false }, 'codexAuth', /must be true, .* absolute path/],
    [{ codexAuth: true, secret: 'KEY' }, 'secret', /one of the two/],
    [{ codexAuth: true, header: 'X-Key' }, 'header', /beside codexAuth/],
    [{ codexAuth: true, valueTemplate: '{{ secret }}' }, 'valueTemplate', /beside codexAuth/],
    [{ codexAuth: true, refreshUrl: 'ftp://a.test' }, 'refreshUrl', /must be https/],
    [{ codexAuth: true, refreshUrl: 'https://u:p@a.test' }, 'refreshUrl', /must be https/],
    [{ codexAuth: true, refreshUrl: 'http://127.0.0.1:1' }, 'refreshUrl', /plainHttp: true lets/],
    [
      { codexAuth: true, refreshUrl: 'http://a.test', plainHttp: true },
      'refreshUrl',
      /http to this host itself/,
    ],
    [{ secret: 'KEY', header: 'X', refreshUrl: 'https://a.test' }, 'refreshUrl', /codexAuth alone/],
  ])('with the login of Codex is refused with %j', (change, key, rule) => {
    const problems = problemsOf({ ...LOGIN, ...change });
    expect(problems[0]).toContain(`codex.sandbox.credentialRoutes.0.${key}: `);
    expect(problems[0]).toMatch(rule);
  });

  it('takes the login of Codex in the place of a secret, and takes its own output again', () => {
    const refreshUrl = 'http://127.0.0.1:8080/token';
    const routes = [
      { ...LOGIN, codexAuth: true },
      { ...LOGIN, name: 'two', codexAuth: '/srv/codex/auth.json', refreshUrl, plainHttp: true },
    ];
    const parsed = credentialRoutesSchema.parse(routes);
    expect(parsed).toMatchObject(routes);
    expect(credentialRoutesSchema.parse(parsed)).toEqual(parsed);
    const torn = [routes[1], { ...LOGIN, codexAuth: '/srv/codex/auth.json' }];
    expect(credentialRoutesSchema.safeParse(torn).error?.issues).toMatchObject([
      { path: [1, 'refreshUrl'], message: expect.stringMatching(/one login, one place/) },
    ]);
  });

  it('is read into the place that it leads to', () => {
    expect(parseUpstream('https://API.Example.com/v1/')).toEqual({
      tls: true,
      host: { kind: 'name', text: 'api.example.com' },
      port: 443,
      basePath: '/v1',
    });
    expect(parseUpstream('http://[::1]:81')).toMatchObject({ tls: false, port: 81, basePath: '' });
  });

  it('fills its template without reading the value', () => {
    expect(filledTemplate('Bearer {{secret}}', "$& $' {{ secret }}")).toBe(
      "Bearer $& $' {{ secret }}",
    );
  });
});
