import type { CreateRunDto } from './create-run.dto.js';

interface NamedExample {
  summary: string;
  description: string;
  value: CreateRunDto;
}

/**
 * Requests that a service with default settings accepts as they are; that of an agent, one with Codex
 * set up and a route of that name.
 */
export const RUN_EXAMPLES: Readonly<Record<string, NamedExample>> = {
  hello: {
    summary: 'A command',
    description: 'Prints a line and ends with exit code 0.',
    value: { issue: 'MT-1', command: ['echo', 'hello from the sandbox'] },
  },
  secret: {
    summary: 'A command with a secret',
    description:
      'Needs the secret `GREETING`: set it first. The command gets it as an environment variable; in the output it shows as `***`.',
    value: {
      issue: 'MT-1',
      command: ['sh', '-c', 'echo "The greeting is $GREETING"; id'],
      secrets: ['GREETING'],
    },
  },
  job: {
    summary: 'A CI job with environment, limits and a timeout',
    description:
      'The secret `GREETING` is given under another name. `policy` narrows what the operator allows.',
    value: {
      issue: 'MT-2',
      command: ['sh', '-c', 'echo "CI is $CI"; test -n "$NPM_TOKEN"'],
      env: { CI: 'true' },
      secrets: { NPM_TOKEN: 'GREETING' },
      policy: { resources: { memory: '512m', pids: 128 } },
      timeoutSeconds: 600,
    },
  },
  network: {
    summary: 'A command with the network',
    description:
      'Network access is off unless the request asks for it. Private addresses and the host stay out of reach.',
    value: {
      issue: 'MT-3',
      command: ['sh', '-c', 'cat /etc/resolv.conf'],
      policy: { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } },
    },
  },
  agent: {
    summary: 'An agent in place of a command',
    description:
      'Needs Codex to be set up (docs/codex.md) and a credential route `packages`: the agent reads a registry whose token it never holds. The route to its model it has without naming it.',
    value: {
      issue: 'MT-5',
      agent: { kind: 'codex', prompt: 'Make the tests pass, and say what was wrong' },
      credentialRoutes: ['packages'],
      timeoutSeconds: 1800,
    },
  },
  keptAlive: {
    summary: 'A run that takes further turns',
    description:
      'It is `idle` when the command is over; `POST /api/v1/runs/{id}/turns` goes on in the same workspace.',
    value: {
      issue: 'MT-4',
      command: ['sh', '-c', 'echo "built by turn 1" >built-by-turn-1'],
      keepAlive: true,
    },
  },
};
