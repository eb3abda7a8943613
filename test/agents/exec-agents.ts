import { readFileSync } from 'node:fs';

import type { OutputLine } from '../runs/run-output.js';
import { UNLIMITED } from '../runs/run-questions.js';

const TALKER = readFileSync(new URL('talker.mjs', import.meta.url), 'utf8');

export const STALL_SECONDS = 6;

/** Prints its input as a message, and then what its arguments and variables are. */
const ECHO = `
  prompt=$(cat)
  echo "{\\"type\\":\\"message\\",\\"text\\":\\"I was told: $prompt\\"}"
  echo "{\\"type\\":\\"usage\\",\\"text\\":\\"\\",\\"of\\":\\"$FLAVOUR $1\\"}"
  case $prompt in *fail*) exit 5 ;; esac
`;

/** As a CLI with sessions prints it: with another one, it goes on. */
const SESSIONS = `
  echo '{"type":"thread.started","thread_id":"session-7"}'
  echo "{\\"type\\":\\"item.completed\\",\\"item\\":{\\"type\\":\\"agent_message\\",\\"text\\":\\"$*\\"}}"
  echo '{"type":"item.completed","item":{"type":"command_execution","command":"ls","exit_code":2}}'
  case $* in
    *break*resume*) ;;
    *resume*break*) ;;
    *break*) exit 9 ;;
    *bad*) echo '{"type":"turn.failed","error":{"message":"the model refused"}}'; exit 0 ;;
  esac
  echo '{"type":"turn.completed","usage":{"output_tokens":3}}'
`;

/** Settings with the agents of these tests. */
export function settingsWithAgents(gvisor: boolean): object {
  return {
    ...UNLIMITED,
    runs: { maxConcurrent: 3 },
    codex: {
      sandbox: { security: { gvisor } },
      agent: { restarts: 1, stallSeconds: STALL_SECONDS },
      agents: {
        exec: [
          {
            name: 'talker',
            argv: ['node', '--input-type=module', '-e', TALKER],
            promptBy: 'lines',
          },
          {
            name: 'echo',
            argv: ['sh', '-c', ECHO, 'echo', '{model}'],
            model: 'small',
            env: { FLAVOUR: 'plain' },
          },
          {
            name: 'sessions',
            argv: ['sh', '-c', SESSIONS, 'sessions', '{prompt}'],
            promptBy: 'argument',
            resume: ['sh', '-c', SESSIONS, 'sessions', 'resume', '{memory}', '--', '{prompt}'],
            lines: {
              events: [
                { when: { 'item.type': 'agent_message' }, type: 'message', text: 'item.text' },
                {
                  when: { 'item.type': 'command_execution' },
                  type: 'command',
                  text: 'item.command',
                  data: { exitCode: 'item.exit_code' },
                },
              ],
              memory: ['thread_id'],
              succeeded: { type: 'turn.completed' },
              failed: { type: 'turn.failed' },
              message: 'error.message',
            },
          },
        ],
      },
    },
  };
}

/** A request for a run of the agent that obeys these words. */
export function talker(issue: string, ...words: string[]): Record<string, unknown> {
  return { issue, agent: { kind: 'talker', prompt: words.join('\n') } };
}

/** The texts of what agents did, of some types or of all but notices. */
export function doneBy(lines: readonly OutputLine[], ...types: string[]): string[] {
  return lines
    .filter(({ stream }) => stream === 'agent')
    .filter(({ event }) =>
      types.length === 0 ? event?.type !== 'notice' : types.includes(String(event?.type)),
    )
    .map(({ text }) => text);
}
