import type { CreateTurnDto } from './create-turn.dto.js';

interface NamedExample {
  summary: string;
  description: string;
  value: CreateTurnDto;
}

/** Requests that an idle run of a service with default settings accepts as they are. */
export const TURN_EXAMPLES: Readonly<Record<string, NamedExample>> = {
  command: {
    summary: 'A command on what earlier turns left',
    description: 'Lists the workspace. It has no network, whatever the turn before had.',
    value: { command: ['ls', '-la'] },
  },
  readOnly: {
    summary: 'A command that may only look',
    description: 'The workspace is mounted read-only for this turn alone.',
    value: {
      command: ['sh', '-c', 'touch new 2>/dev/null || echo "nothing can be written"'],
      env: { CI: 'true' },
      turnSandboxPolicy: { type: 'readOnly' },
      timeoutSeconds: 600,
    },
  },
};
