import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect } from 'vitest';

import { loadSeccompProfile } from '../../src/sandbox/seccomp/load-profile.js';
import { itAlike } from '../support/long-form.js';
import { SandboxBench } from './sandbox-bench.js';
import {
  expectedOf,
  FILES,
  resultOf,
  TASK_NAMES,
  toolchainScript,
  withHostPrograms,
} from './toolchain.js';

describe.each([
  ['runc', false],
  ['runsc', true],
] as const)('under seccompProfile: hardened and %s', (runtime, gvisor) => {
  const alike = itAlike(runtime);
  // A browser has many threads, and gVisor counts its own with them.
  const resources = { pids: 2048 };
  const bench = new SandboxBench({ sandbox: { security: { gvisor }, resources } });
  let stdout: string;

  beforeAll(async () => {
    const profile = await loadSeccompProfile('hardened', gvisor);
    const place = await bench.place();
    const { uid, gid } = await bench.image();
    for (const [name, text] of Object.entries(FILES)) {
      const file = join(place.workspaceDir, name);
      writeFileSync(file, text);
      chownSync(file, uid, gid);
    }
    const script = `grep Seccomp: /proc/self/status; unshare -U true || echo filtered\n${toolchainScript()}`;
    const outcome = await bench.scriptChanged(
      script,
      (body) => {
        withHostPrograms(body);
        body.HostConfig.SecurityOpt = ['no-new-privileges', `seccomp=${profile}`];
      },
      { place },
    );
    stdout = outcome.stdout;
  }, 300_000);
  afterAll(() => bench.close());

  alike('has the filter', () => {
    expect(stdout).toContain('filtered');
    if (!gvisor) expect(stdout).toMatch(/^Seccomp:\s+2$/m);
  });

  alike.each(TASK_NAMES)('%s works', (name) => {
    const { status, output } = resultOf(stdout, name);
    expect(status, output).toBe('0');
    let rest = output;
    for (const text of expectedOf(name)) {
      expect(rest, output).toContain(text);
      rest = rest.slice(rest.indexOf(text) + text.length);
    }
  });
});
