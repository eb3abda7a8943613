import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startFiltered } from '../egress-gateway/sandboxes.js';
import { sized } from '../support/long-form.js';
import type { RunningService } from '../support/service.js';
import { world, type Arrival } from '../support/world.js';
import { others, runSuite, verdictOf, type SuiteRun } from './suite-run.js';

const GATEWAY = ['N1', 'N2', 'N6', 'N7', 'N8', 'N9', 'N10', 'N15', 'N16', 'N18', 'N19'];
const DIRECT = ['N3', 'N4', 'N5', 'N11', 'N12', 'N13', 'N14'];
/**
 * Under runc the rest is tried without an allowlist. Under gVisor the short form takes what a sandbox may
 * be, hold and reach: test/sandbox tries its files and limits under both runtimes one by one.
 */
const ONLY: Record<string, string[]> = {
  runc: [...GATEWAY, ...DIRECT],
  runsc: sized([...GATEWAY, ...DIRECT, 'P1', 'P2', 'P3', 'P4', 'P7', 'F1', 'F6', 'S1', 'L1'], []),
};

/** The host's kernel says so to a resolver that answers when a busy gateway waits no longer. */
function tellsOfLateAnswer({ protocol, from, to }: Arrival): boolean {
  const { host, resolver } = world.addresses;
  return protocol === 'icmp' && from === host && to === resolver;
}

describe.each(['runc', 'runsc'] as const)(
  'risoluto conformance, an allowlist and %s',
  (runtime) => {
    let service: RunningService;
    let run: SuiteRun;

    beforeAll(async () => {
      const egressAllowlist = ['allowed.test', '*.wild.test'];
      service = await startFiltered({ runtime, sandbox: { egressAllowlist } });
      await world.clear();
      const only = (ONLY[runtime] ?? []).flatMap((id) => ['--only', id]);
      run = await runSuite(service, only);
    }, 300_000);
    afterAll(() => service?.stop());

    it('finds nothing wrong', () => {
      expect(others(run, 'pass', 'not_applicable', 'warn')).toEqual([]);
      expect(run.code).toBe(0);
    });

    it('tries the gateway, and everything past it', () => {
      for (const id of [...GATEWAY, ...DIRECT])
        expect([id, verdictOf(run, id)]).toEqual([id, 'pass']);
    });

    it('nothing but the listed host was reached', async () => {
      const { host, path } = { host: new Set<string>(), path: new Set<string>() };
      for (const request of world.requests()) {
        host.add(request.host ?? '');
        path.add(request.path ?? '');
      }
      expect([...host]).toEqual(['allowed.test']);
      expect([...path]).toEqual(['/']);
      const asked = new Set(world.askedNames().map((name) => name.toLowerCase()));
      expect([...asked]).toEqual(['allowed.test']);
      const places = (await world.arrivals()).filter(
        (one) => one.port !== 53 && !tellsOfLateAnswer(one),
      );
      expect(new Set(places.map(({ to }) => to)).size, JSON.stringify(places)).toBe(1);
    });
  },
);
