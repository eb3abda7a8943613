import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { newNonce } from '../../src/sandbox/frame.js';
import { parseFindings } from './probe.js';
import { type Outcome, SandboxBench } from './sandbox-bench.js';

const PROBE = `
seen() { if cat /proc/[0-9]*/$2 2>/dev/null | tr '\\0' '\\n' | grep -q "$3"; then echo "$1 seen"; else echo "$1 absent"; fi; }
seen env-named environ "$NAMED"
seen env-service environ "$PREFIX-service"
seen cmdline-named cmdline "canary[-]named-$SUFFIX"
sh -c 'sleep 5' "canary-named-$SUFFIX" & sleep 0.3
seen cmdline-control cmdline "canary[-]named-$SUFFIX"
`;

describe.each([
  ['runc', false],
  ['runsc', true],
])('secrets under %s', (_runtime, gvisor) => {
  const bench = new SandboxBench({ sandbox: { security: { gvisor } } });
  const suffix = newNonce();
  const secret = `canary-named-${suffix}`;
  let outcome: Outcome;
  let found: Record<string, string>;

  beforeAll(async () => {
    process.env.RISOLUTO_TEST_CANARY = `canary-${suffix}-service`;
    const env = { NAMED: secret, SUFFIX: suffix, PREFIX: `canary-${suffix}` };
    outcome = await bench.script(PROBE, { env, keep: true });
    found = parseFindings(outcome.stdout);
  });
  afterAll(async () => {
    delete process.env.RISOLUTO_TEST_CANARY;
    await bench.close();
  });

  it('S1 gives processes what the run named, and nothing of the service’s', () => {
    expect([found['env-named'], found['env-service']]).toEqual(['seen', 'absent']);
  });

  it('S2 puts nothing on a command line', () => {
    expect([found['cmdline-named'], found['cmdline-control']]).toEqual(['absent', 'seen']);
  });

  it('S3 leaves nothing in the engine’s inspection, nor in the report', async () => {
    const inspected = JSON.stringify(
      await bench.engine.inspectContainer(outcome.sandbox.containerId),
    );
    expect(inspected).toContain('risoluto.run');
    expect(inspected).not.toContain(suffix);
    expect(JSON.stringify(outcome.sandbox.report)).not.toContain(suffix);
  });
});
