import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ethernetFrame, ipv4Packet, tcpSyn } from '../egress/packets.js';
import { untilStatus } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { createRun, finishRun } from '../support/runs.js';
import { world } from '../support/world.js';
import type { FilteredLab } from './filtered-lab.js';
import { Counters, sending } from './forgery.js';
import type { Probe } from './probed.js';
import { decisionsOf, denialsIn, farAddress, Sandbox, Uncontrolled } from './sandboxes.js';

const TCP = 6;
const IPV4 = 0x0800;
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
const TEXT = { accept: 'text/plain' };
const CURL = `curl -s -o /dev/null --max-time 8 -w '%{http_code}\\n' http://allowed.test/`;
const ASK: Probe = { do: 'bash', script: 'curl -s --max-time 2 http://allowed.test/' };

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const authorizationOf = ({ username, password }: URL) => basic(username, password);
const tunnel = (authorization?: string): Probe => ({
  do: 'tunnel',
  to: 'allowed.test:443',
  tls: {},
  ...(authorization !== undefined && { authorization }),
});

/** Whom the gateway serves, and what a container without a grant or under a forged address gets. */
export function identityCases(lab: FilteredLab): void {
  describe('who asks the gateway', () => {
    let sandbox: Sandbox;
    let other: Sandbox;

    beforeAll(async () => {
      [sandbox, other] = await Promise.all([
        Sandbox.start(lab.service, 'WHO-1'),
        Sandbox.start(lab.service, 'WHO-2'),
      ]);
    });
    afterAll(() => Promise.all([sandbox?.end(), other?.end()]));

    it('is known by its own credentials, not by another run’s, a made-up one’s or none', async () => {
      await world.clear();
      const [own, theirs] = await Promise.all([sandbox.proxy(), other.proxy()]);
      const found = await other.probe({
        theirs: tunnel(authorizationOf(own)),
        mixed: tunnel(basic(theirs.username, own.password)),
        named: tunnel(basic(own.username, theirs.password)),
        guessed: tunnel(basic(theirs.username, 'a'.repeat(43))),
        empty: tunnel('Basic '),
        bearer: tunnel(`Bearer ${theirs.password}`),
        none: tunnel(''),
      });
      for (const [name, { status }] of Object.entries(found)) expect(status, name).toBe(407);
      expect(await world.arrivals()).toEqual([]);
      expect((await other.probe({ own: tunnel() })).own.answer).toContain('world');
      const [denials, own_] = await Promise.all([other.decisions(), sandbox.decisions()]);
      expect(denialsIn(denials)).toEqual(['allowed.test:443 credentials']);
      expect(denialsIn(own_)).toEqual([]);
    });

    it('is known by its address: what another container shows is worth nothing', async () => {
      const proxy = await sandbox.proxy();
      const outsider = await Uncontrolled.start(lab.runtime);
      try {
        await world.clear();
        const script = `export http_proxy='${proxy.href}'; ${CURL}`;
        const found = await outsider.probe({ theirs: { do: 'bash', script } });
        expect(found.theirs.out).not.toContain('world');
        expect(await world.arrivals()).toEqual([]);
      } finally {
        await outsider.remove();
      }
      expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
    });

    it('a container without a grant does not reach it, with credentials and in its network', async () => {
      const { network } = await sandbox.place();
      const at = { ...(await farAddress(network)), proxy: await sandbox.proxy() };
      const intruder = await Uncontrolled.start(lab.runtime, at);
      try {
        await world.clear();
        const found = await intruder.probe({
          theirs: ASK,
          port: { do: 'tcp', host: at.proxy.hostname, port: Number(at.proxy.port) },
        });
        expect(found.theirs.out).toBe('');
        expect(found.port.connected).toBe(false);
        expect(await world.arrivals()).toEqual([]);
      } finally {
        await intruder.remove();
      }
      expect((await sandbox.probe({ own: ASK })).own.out).toContain('world');
    });

    it.runIf(lab.runtime === 'runc')('a forged source address does not arrive at it', async () => {
      const { network, address } = await sandbox.place();
      const [proxy, own] = await Promise.all([sandbox.proxy(), farAddress(network)]);
      const counters = await Counters.place(network, address, Number(proxy.port));
      const intruder = await Uncontrolled.start(lab.runtime, own);
      const syn = tcpSyn({ from: address, to: proxy.hostname, port: Number(proxy.port) });
      const packet = ipv4Packet({ from: address, to: proxy.hostname, protocol: TCP, payload: syn });
      try {
        expect(await counters.read()).toEqual({ before: 0, behind: 0 });
        const frame = ethernetFrame(counters.gatewayMac, own.mac, IPV4, packet);
        const { sent } = await intruder.probe({ sent: sending(frame) });
        expect(sent.code, sent.err).toBe(0);
        expect(await counters.read()).toEqual({ before: 1, behind: 0 });
        await sandbox.probe({ own: ASK });
        expect(await counters.read()).toEqual({ before: 2, behind: 1 });
      } finally {
        await counters.remove();
        await intruder.remove();
      }
    });

    it('N21 is known by its turn: what an earlier one was told is worth nothing', async () => {
      const id = await createRun(lab.service, {
        issue: 'WHO-3',
        keepAlive: true,
        command: ['sh', '-c', `printf %s "$HTTP_PROXY" >told; ${CURL}`],
        policy: OPEN,
      });
      await untilStatus(lab.service, id, 'idle');
      const turn = await lab.service.api('POST', `/api/v1/runs/${id}/turns`, {
        body: {
          command: ['sh', '-c', `${CURL} -x "$(cat told)"; ${CURL}`],
          turnSandboxPolicy: OPEN.turnSandboxPolicy,
        },
      });
      expect(turn.status, turn.text).toBe(202);
      const output = async () =>
        (await lab.service.api('GET', `/api/v1/runs/${id}/output`, { headers: TEXT })).text;
      await until('both turns to be over', async () =>
        (await output()).match(/^\d{3}$/gm)?.length === 3 ? true : null,
      );
      expect((await output()).match(/^\d{3}$/gm)).toEqual(['200', '407', '200']);
      await lab.service.api('POST', `/api/v1/runs/${id}/cancel`);
      await finishRun(lab.service, id);
      expect(denialsIn(await decisionsOf(lab.service, id))).toEqual([
        'allowed.test:80 credentials',
      ]);
    });
  });
}
