import type { ServerResponse } from 'node:http';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { answerJson, TokenImpostor } from '../../../../test/support/codex-login/token-impostor.js';
import { renewedTokens } from './token-endpoint.js';

const BEFORE = { access: 'a', refresh: 'canary-r', id: 'i', account: 'acc' };
let endpoint: TokenImpostor;
beforeEach(async () => {
  endpoint = await new TokenImpostor().start();
});
afterEach(() => endpoint.stop());

function renewal(answer: (res: ServerResponse) => void, timeoutMs = 5000) {
  endpoint.answer = answer;
  return renewedTokens(BEFORE, { url: endpoint.url, timeoutMs });
}

describe('a renewal of tokens', () => {
  it('keeps what the answer leaves out', async () => {
    const got = await renewal((res) => answerJson(res, 200, { access_token: 'b' }));
    expect(got).toEqual({ tokens: { ...BEFORE, access: 'b' } });
  });

  it.each<[string, (res: ServerResponse) => void, RegExp, boolean]>([
    ['401', (res) => answerJson(res, 401, {}), /^status 401$/, true],
    ['invalid_grant', (res) => answerJson(res, 400, { error: 'invalid_grant' }), /400 inv/, true],
    ['an unknown code', (res) => answerJson(res, 400, { error: 'canary' }), /^status 400$/, false],
    ['429', (res) => answerJson(res, 429, {}), /^status 429$/, false],
    ['no JSON', (res) => res.end('canary'), /without an access token/, false],
    ['no token', (res) => answerJson(res, 200, { access_token: 'a\nb' }), /without/, false],
    [
      'too much',
      (res) => answerJson(res, 200, { access_token: 'b', more: 'x'.repeat(300_000) }),
      /without/,
      false,
    ],
    ['a cut', (res) => res.destroy(), /^(UND_ERR_SOCKET|ECONNRESET|no connection)$/, false],
  ])('fails by %s, and tells nothing that was sent', async (_what, answer, reason, final) => {
    const got = await renewal(answer);
    expect(got).toEqual({ reason: expect.stringMatching(reason), final });
    expect(JSON.stringify(got)).not.toContain('canary');
  });

  it('follows no redirect', async () => {
    const other = await new TokenImpostor().start();
    const got = await renewal((res) => res.writeHead(307, { Location: other.url }).end());
    expect(got).toMatchObject({ final: false });
    expect(other.asked).toEqual([]);
    other.stop();
  });

  it('has a time limit, to the end of the answer', async () => {
    expect(await renewal(() => undefined, 100)).toEqual({
      reason: 'no answer in time',
      final: false,
    });
    const slow = (res: ServerResponse) => void res.writeHead(200).write('{"access_token":"b"');
    expect(await renewal(slow, 100)).toEqual({ reason: 'no answer in time', final: false });
  });
});
