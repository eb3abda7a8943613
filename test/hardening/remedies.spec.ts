import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { loadSettings } from '../../src/config/load-settings.js';
import { CredentialRoutesCheck } from '../../src/hardening/checks/credential-routes.check.js';
import { judgeImage } from '../../src/hardening/checks/image.check.js';
import { judgeRateLimits } from '../../src/hardening/checks/rate-limits.check.js';
import { judgeSeccomp } from '../../src/hardening/checks/seccomp.check.js';
import { judgeDefaults } from '../../src/hardening/checks/security-defaults.check.js';
import type { HardeningFinding } from '../../src/kernel/hardening.js';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('../../dist/bin/risoluto.js', import.meta.url));

const BLOCK = `# The team's.
codex:
  threadSandbox: danger-full-access
  turnSandboxPolicy:
    type: workspaceWrite
    networkAccess: true # for npm
  sandbox:
    image: team:1
    credentialRoutes:
      - { name: good, upstream: https://a.test, header: Authorization, secret: A }
      - { name: plain, upstream: "http://b.test:81/v1", header: Key, secret: B, plainHttp: true }
    extraMounts:
      - { source: /srv/a, target: /mnt/a }
      - { source: /srv/b, target: /mnt/b, readOnly: false }
    security:
      noNewPrivileges: false
      dropCapabilities: false
rateLimits:
  api: { limit: 90000 }
`;
const FLOW = `{ codex: { threadSandbox: danger-full-access,
  turnSandboxPolicy: { type: workspaceWrite, networkAccess: true }, # for npm
  sandbox: { image: "team:1", credentialRoutes: [
      { name: plain, upstream: "http://b.test", plainHttp: true, header: Key, secret: B }], extraMounts: [{ source: /srv/b, target: /mnt/b, readOnly: false }],
    security: { noNewPrivileges: false, dropCapabilities: false } } },
  rateLimits: { api: { limit: 90000 } } }
`;

let root: string;
let file: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-remedy-'));
  file = join(root, "it's the team's.yaml");
  mkdirSync(join(root, 'bin'));
  const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`;
  writeFileSync(join(root, 'bin/npx'), npx, { mode: 0o755 });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const settings = () => loadSettings({ RISOLUTO_CONFIG: file, DATA_DIR: join(root, 'data') });

const JUDGED: Record<string, () => HardeningFinding | Promise<HardeningFinding>> = {
  'credential-routes': () => new CredentialRoutesCheck(settings()).check(),
  'security-defaults': () => judgeDefaults(settings().codex, file),
  'rate-limits': () => judgeRateLimits(settings().rateLimits, file),
  seccomp: () => {
    const { seccompProfile: setting, gvisor } = settings().codex.sandbox.security;
    const securityOptions = ['name=seccomp,profile=default'];
    return judgeSeccomp({ setting, gvisor, securityOptions, problem: null, loaded: true }, file);
  },
  image: () => {
    const reference = settings().codex.sandbox.image;
    const id = `sha256:${'ab'.repeat(32)}`;
    return judgeImage({ reference, image: { id, uid: 1000, gid: 1000 } }, file);
  },
};

describe.each([
  ['block', BLOCK],
  ['flow', FLOW],
])('in a risoluto.yaml of %s style', (_style, yaml) => {
  it.each(Object.keys(JUDGED))(
    'the remedy of %s, pasted, mends it',
    async (id) => {
      writeFileSync(file, yaml);
      const found = await JUDGED[id]?.();
      expect(found?.status).not.toBe('pass');
      const path = [join(root, 'bin'), process.env.PATH].join(delimiter);
      await run('sh', ['-ec', found?.remedy ?? 'false'], { env: { PATH: path }, cwd: root });
      expect(await JUDGED[id]?.(), readFileSync(file, 'utf8')).toMatchObject({ status: 'pass' });
      expect(readFileSync(file, 'utf8')).toContain('# for npm');
    },
    60_000,
  );
});
