/** A command of a page that is not run with the page, and what proves it in its place. */
export interface Elsewhere {
  page: string;
  /** The program and its arguments, exactly. */
  command: string;
  why: string;
  /** A file below the repository that proves it. */
  proof: string;
}

const WHOLE_SUITE = 'it is what runs this test';
const STAGE = 'it is a stage of its own, and takes minutes';

/** An entry that its page no longer calls fails the test. */
export const ELSEWHERE: readonly Elsewhere[] = [
  { page: 'README.md', command: 'npm test', why: WHOLE_SUITE, proof: '.ci/run' },
  { page: 'CONTRIBUTING.md', command: 'npm ci', why: STAGE, proof: 'scripts/ci/install.mjs' },
  { page: 'CONTRIBUTING.md', command: 'npm run build', why: STAGE, proof: 'scripts/ci/build.mjs' },
  { page: 'CONTRIBUTING.md', command: 'npm test', why: WHOLE_SUITE, proof: '.ci/run' },
  {
    page: 'CONTRIBUTING.md',
    command: 'npm run test:unit',
    why: 'it is part of `npm test`',
    proof: 'scripts/suite/plan.mjs',
  },
  {
    page: 'docs/hardening.md',
    command: 'apt-get install -y runsc',
    why: 'it changes the machine',
    proof: 'scripts/lib/runsc.mjs',
  },
  {
    page: 'docs/cli.md',
    command: 'npx risoluto secrets set NPM_TOKEN',
    why: 'it asks at a terminal',
    proof: 'test/cli/secrets.spec.ts',
  },
  {
    page: 'docs/cli.md',
    command: 'npx risoluto secrets rotate-key',
    why: 'it wants a service that was started with both keys',
    proof: 'test/secrets/master-key.spec.ts',
  },
  ...['export', 'import'].map((way) => ({
    page: 'docs/cli.md',
    command: `npx risoluto secrets ${way} /srv/backup/secrets.enc`,
    why: 'the service of the page is up',
    proof: 'test/cli/secrets-transfer.spec.ts',
  })),
  {
    page: 'docs/cli.md',
    command: 'npx risoluto conformance',
    why: 'it takes a minute',
    proof: 'test/conformance/open.spec.ts',
  },
  {
    page: 'docs/cli.md',
    command: 'npx risoluto serve',
    why: 'it stays in the foreground',
    proof: 'test/cli/serve.spec.ts',
  },
  ...['lint', 'lint:boundaries', 'format:check', 'types'].map((script) => ({
    page: 'CONTRIBUTING.md',
    command: `npm run ${script}`,
    why: STAGE,
    proof: '.ci/run',
  })),
];

/** Programs that never run for real, or only with some of their arguments (see stand-in.sh). */
export const STAND_INS = [
  'apt',
  'apt-get',
  'docker',
  'git',
  'journalctl',
  'loginctl',
  'npm',
  'npx',
  'reboot',
  'shutdown',
  'sudo',
  'systemctl',
  // What a step of a GitHub workflow uses.
  'uses',
];
