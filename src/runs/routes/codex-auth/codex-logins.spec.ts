import { readFileSync } from 'node:fs';

import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import {
  asAnswer,
  CodexLoginLab,
  HOUR,
  MINUTE,
  type Tokens,
} from '../../../../test/support/codex-login/codex-login-lab.js';
import { answerJson } from '../../../../test/support/codex-login/token-impostor.js';
import { readUntil } from '../../../../test/support/gateway/read-answer.js';
import { removeTemporaryDirectories } from '../../../../test/support/temporary-database.js';

vi.setConfig({ testTimeout: 30_000 });

let lab: CodexLoginLab;
let logged = '';

beforeEach(async () => {
  logged = '';
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      logged += String(chunk);
      return true;
    });
  }
  lab = await new CodexLoginLab().start();
});
afterEach(async () => {
  await lab.stop();
  vi.restoreAllMocks();
});
afterAll(removeTemporaryDirectories);

function give(tokens: Tokens): void {
  lab.endpoint.answer = (res) => answerJson(res, 200, asAnswer(tokens));
}

async function untilAsked(count: number): Promise<void> {
  await vi.waitFor(() => expect(lab.endpoint.asked).toHaveLength(count), 5000);
}

/** What of the tokens stands somewhere, in one of the usual forms. */
function found(text: string, ...tokens: Tokens[]): string[] {
  return tokens
    .flatMap(({ access, refresh, id }) => [access, refresh, id])
    .filter((token) =>
      [token, Buffer.from(token).toString('base64'), Buffer.from(token).toString('hex')].some(
        (form) => text.includes(form),
      ),
    );
}

describe('the login of the host’s Codex on a route', () => {
  it('is added with its account, in place of what the sandbox sends', async () => {
    const tokens = lab.tokens('a', HOUR);
    lab.login(tokens);
    await lab.hold();
    const lines = ['Authorization: Bearer mine', 'ChatGPT_Account_Id: other'];
    expect((await lab.ask('/r/model/x', { lines })).status).toBe(200);
    expect(lab.sent).toEqual({ bearer: tokens.access, account: 'acc-1' });
    expect(JSON.stringify(lab.routes.seen.at(-1)?.rawHeaders)).not.toMatch(/mine|other/);
    expect(lab.endpoint.asked).toEqual([]);
  });

  it('is the key where the file holds only that, and then no account of the sandbox’s goes out', async () => {
    lab.write({ OPENAI_API_KEY: 'sk-canary-of-the-file' });
    lab.routes.answer = (req, res) => res.end(String(req.headers.authorization));
    await lab.hold();
    const got = await lab.ask('/r/model/x', { lines: ['chatgpt-account-id: other'] });
    expect(await got.body()).toBe(`Bearer ${'*'.repeat('sk-canary-of-the-file'.length)}`);
    expect(lab.sent).toEqual({ bearer: 'sk-canary-of-the-file', account: undefined });
  });

  it('is renewed before it ends, sealed, audited, and leaves the host’s file alone', async () => {
    const [old, now] = [lab.tokens('old', 4 * MINUTE), lab.tokens('new', HOUR)];
    lab.login(old);
    const before = readFileSync(lab.file, 'utf8');
    give(now);
    await lab.hold();
    await vi.waitFor(async () => expect(await lab.audited()).toHaveLength(1), 5000);
    expect(lab.endpoint.asked).toEqual([
      {
        type: 'application/json',
        body: {
          client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
          grant_type: 'refresh_token',
          refresh_token: old.refresh,
        },
      },
    ]);
    await vi.waitFor(async () => {
      await lab.ask();
      expect(lab.sent).toEqual({ bearer: now.access, account: 'acc-1' });
    });
    expect(await lab.audited()).toEqual([
      { actor: 'system', target: lab.file, details: '{"because":"expiry"}' },
    ]);
    expect(readFileSync(lab.file, 'utf8')).toBe(before);
    expect(lab.stored()).toContain('codex_auth.refreshed');
    expect(found(lab.stored(), old, now)).toEqual([]);
    expect(found(logged, old, now)).toEqual([]);
  });

  it('is awaited by a turn that begins when it has ended already', async () => {
    const now = lab.tokens('new', HOUR);
    lab.login(lab.tokens('old', -MINUTE));
    give(now);
    await lab.hold();
    expect((await lab.ask()).status).toBe(200);
    expect(lab.sent.bearer).toBe(now.access);
  });

  it('is renewed once after a 401, which is handed back as it is before the next request has the new one', async () => {
    const [old, now, later] = [1, 2, 3].map((n) => lab.tokens(`t${n}`, HOUR)) as [
      Tokens,
      Tokens,
      Tokens,
    ];
    lab.login(old);
    give(now);
    lab.routes.answer = (_req, res) => {
      res.writeHead(401, { 'X-Of': 'upstream', 'Content-Length': 5 }).end('no me');
    };
    await lab.hold();
    const answers = await Promise.all([1, 2, 3].map(() => lab.ask()));
    for (const got of answers) {
      expect([got.status, got.headers.get('x-of')]).toEqual([401, 'upstream']);
      expect(await got.body()).toBe('no me');
    }
    expect(lab.sent.bearer).toBe(old.access);
    await lab.ask();
    expect(lab.sent.bearer).toBe(now.access);
    expect(lab.endpoint.asked).toHaveLength(1);
    expect(await lab.audited()).toMatchObject([{ details: '{"because":"unauthorized"}' }]);
    // Not again for a sandbox that goes on asking for what is always 401, until a minute is over.
    give(later);
    lab.clock.aheadMs += MINUTE;
    await lab.ask();
    await lab.ask();
    expect(lab.sent.bearer).toBe(later.access);
    expect(lab.endpoint.asked.map(({ body }) => body.refresh_token)).toEqual([
      old.refresh,
      now.refresh,
    ]);
  });

  it('is refused with 502 where the upstream breaks off its 401 while the renewal goes on', async () => {
    lab.login(lab.tokens('old', HOUR));
    const now = lab.tokens('new', HOUR);
    let breakOff: (() => void) | undefined;
    lab.routes.answer = (_req, res) => {
      res.writeHead(401, { 'Content-Length': 10 }).write('beg');
      breakOff = () => res.destroy();
    };
    lab.endpoint.answer = (res) => {
      breakOff?.();
      setTimeout(() => answerJson(res, 200, asAnswer(now)), 200);
    };
    await lab.hold();
    expect((await lab.ask()).status).toBe(502);
    expect(lab.endpoint.asked).toHaveLength(1);
  });

  it('does not end the answers that still come for the token before', async () => {
    const now = lab.tokens('new', HOUR);
    lab.login(lab.tokens('old', 6 * MINUTE));
    give(now);
    let go: (() => void) | undefined;
    lab.routes.answer = (_req, res) => {
      res.writeHead(200, { 'Content-Length': 10 }).write('begin');
      go = () => res.end('ended');
    };
    await lab.hold();
    const streaming = await lab.ask();
    lab.routes.answer = (_req, res) => res.end('hello');
    lab.clock.aheadMs += 2 * MINUTE;
    await vi.waitFor(async () => {
      await lab.ask();
      expect(lab.sent.bearer).toBe(now.access);
    }, 5000);
    go?.();
    expect(await streaming.body()).toBe('beginended');
  });

  it('comes back as stars, every token of it, old and new, in headers and bodies', async () => {
    const [old, between, now] = [
      lab.tokens('old', HOUR),
      lab.tokens('between', HOUR),
      lab.tokens('new', HOUR),
    ];
    lab.login(old, { OPENAI_API_KEY: 'sk-canary-beside' });
    give(between);
    lab.routes.answer = (_req, res) => res.writeHead(401).end();
    await lab.hold();
    await lab.ask();
    give(now);
    lab.clock.aheadMs += MINUTE;
    await lab.ask();
    const all = [old, between, now].flatMap(({ access, refresh, id }) => [access, refresh, id]);
    const text = [...all, 'sk-canary-beside'].flatMap((token) => [
      token,
      Buffer.from(token).toString('base64'),
      Buffer.from(token).toString('hex'),
    ]);
    lab.routes.answer = (_req, res) => {
      res.writeHead(200, { 'X-Echo': now.refresh, 'X-Old': old.access }).end(text.join('\n'));
    };
    const got = await lab.ask();
    expect(lab.sent.bearer).toBe(now.access);
    const body = (await readUntil(got.socket, '\r\n0\r\n\r\n')) ?? '';
    expect(body).toContain('*'.repeat(20));
    expect(found(body + JSON.stringify([...got.headers]), old, between, now)).toEqual([]);
    expect(body).not.toMatch(/canary/);
  });
});

describe('a renewal that fails', () => {
  it('is tried again later and not sooner, and told once the token has ended', async () => {
    const [old, now] = [lab.tokens('old', 4 * MINUTE), lab.tokens('new', 2 * HOUR)];
    lab.login(old);
    lab.endpoint.answer = (res) => answerJson(res, 500, { error: { message: old.refresh } });
    await lab.hold();
    await untilAsked(1);
    // Two looks of the service go by.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(lab.endpoint.asked).toHaveLength(1);
    expect((await lab.ask()).status).toBe(200);
    expect(lab.sent.bearer).toBe(old.access);
    lab.clock.aheadMs += 5 * MINUTE;
    await untilAsked(2);
    await vi.waitFor(async () => expect((await lab.ask()).status).toBe(503), 5000);
    expect(await (await lab.ask()).body()).toMatch(/has expired and could not be.*status 500/);
    give(now);
    lab.clock.aheadMs += 5 * MINUTE;
    await vi.waitFor(async () => expect((await lab.ask()).status).toBe(200), 5000);
    expect(lab.sent.bearer).toBe(now.access);
    expect(logged).toMatch(/was not renewed \(status 500\); next try/);
    expect(found(logged, old, now)).toEqual([]);
  });

  it('for good is not tried again, until the file holds another login', async () => {
    lab.login(lab.tokens('old', -MINUTE));
    lab.endpoint.answer = (res) =>
      answerJson(res, 400, { error: { code: 'refresh_token_reused', message: 'canary' } });
    await lab.hold();
    expect(await (await lab.ask()).body()).toMatch(/refresh_token_reused.*log in with Codex/);
    lab.clock.aheadMs += HOUR;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(lab.endpoint.asked).toHaveLength(1);
    expect(logged).not.toContain('canary');
    const other = lab.tokens('other', HOUR);
    lab.login(other);
    await vi.waitFor(async () => expect((await lab.ask()).status).toBe(200), 5000);
    expect(lab.sent.bearer).toBe(other.access);
  });

  it('does not begin without a master key, since what came would be lost', async () => {
    await lab.end();
    await lab.serve({ masterKey: null });
    const old = lab.tokens('old', 4 * MINUTE);
    lab.login(old);
    await lab.hold();
    expect((await lab.ask()).status).toBe(200);
    expect(lab.sent.bearer).toBe(old.access);
    expect(logged).toMatch(/was not renewed \(secrets are locked/);
    expect(lab.endpoint.asked).toEqual([]);
  });
});

describe('what was renewed of a login', () => {
  const renewed = async (name: string): Promise<Tokens> => {
    const now = lab.tokens(name, HOUR);
    give(now);
    await lab.hold();
    expect(await lab.rows()).toHaveLength(1);
    return now;
  };

  it('is used after a restart, and under another master key', async () => {
    lab.login(lab.tokens('old', -MINUTE));
    const now = await renewed('new');
    await lab.end();
    await lab.serve({ masterKey: 'another', previousMasterKey: 'a master key of the tests' });
    const [before] = await lab.rows();
    const rotation = await lab.db.rotation.rotate({ actor: 'loopback', requestId: null });
    expect(rotation).toEqual({ rotated: true, secrets: 0, others: 1 });
    const [after] = await lab.rows();
    expect(after?.file).toBe(lab.file);
    expect(after?.sealed).not.toBe(before?.sealed);
    await lab.end();
    await lab.serve({ masterKey: 'another' });
    await lab.hold();
    await lab.ask();
    expect(lab.sent.bearer).toBe(now.access);
    expect(lab.endpoint.asked).toHaveLength(1);
    const later = lab.tokens('later', 3 * HOUR);
    give(later);
    lab.clock.aheadMs += HOUR;
    await untilAsked(2);
    expect(lab.endpoint.asked[1]?.body.refresh_token).toBe(now.refresh);
  });

  it('is given up for another login in the file, and not for another layout of it', async () => {
    const old = lab.tokens('old', -MINUTE);
    lab.login(old);
    const now = await renewed('new');
    lab.login(old, { last_refresh: 'later', other: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await lab.ask();
    expect(lab.sent.bearer).toBe(now.access);
    const other = lab.tokens('other', HOUR);
    lab.login(other);
    await vi.waitFor(async () => {
      await lab.ask();
      expect(lab.sent.bearer).toBe(other.access);
    }, 5000);
    await vi.waitFor(async () => expect(await lab.rows()).toEqual([]));
  });

  it('is nothing where the file holds another login by the time it comes', async () => {
    lab.login(lab.tokens('old', 4 * MINUTE));
    const late = lab.tokens('late', HOUR);
    let go: (() => void) | undefined;
    lab.endpoint.answer = (res) => (go = () => answerJson(res, 200, asAnswer(late)));
    await lab.hold();
    await untilAsked(1);
    const other = lab.tokens('other', HOUR);
    lab.login(other);
    await vi.waitFor(async () => {
      await lab.ask();
      expect(lab.sent.bearer).toBe(other.access);
    }, 5000);
    go?.();
    await lab.logins.onModuleDestroy();
    await lab.ask();
    expect(lab.sent.bearer).toBe(other.access);
    expect(await lab.rows()).toEqual([]);
  });

  it('is stored before the service ends, when the answer comes while it does', async () => {
    const now = lab.tokens('new', HOUR);
    lab.login(lab.tokens('old', 4 * MINUTE));
    lab.endpoint.answer = (res) => setTimeout(() => answerJson(res, 200, asAnswer(now)), 300);
    await lab.hold();
    await untilAsked(1);
    await lab.end();
    await lab.serve();
    expect(await lab.rows()).toHaveLength(1);
  });

  it('goes with the file: the route has nothing to add while there is none', async () => {
    lab.login(lab.tokens('old', HOUR));
    await lab.hold();
    expect((await lab.ask()).status).toBe(200);
    lab.write('');
    // Codex may be writing it for a moment.
    await lab.look();
    expect((await lab.ask()).status).toBe(200);
    await vi.waitFor(async () => expect((await lab.ask()).status).toBe(503), 5000);
  });
});
