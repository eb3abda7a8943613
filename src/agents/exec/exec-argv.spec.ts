import { describe, expect, it } from 'vitest';

import { yamlSchema } from '../../config/yaml-schema.js';
import { DomainError } from '../../kernel/domain-error.js';
import { checkExecRequest, execArgv } from './exec-argv.js';

function agentOf(settings: object) {
  const exec = [{ name: 'mine', ...settings }];
  const [agent] = yamlSchema.parse({ codex: { agents: { exec } } }).codex.agents.exec;
  if (agent === undefined) throw new Error('there is no agent');
  return agent;
}

const asked = (more: object) => ({ kind: 'mine', prompt: 'do it', ...more });

function refused(settings: object, more: object): string[] {
  try {
    checkExecRequest(agentOf(settings), asked(more));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return (error.details ?? []).map(({ field }) => field);
  }
  return [];
}

const byArgument = { argv: ['mine', '{prompt}'], promptBy: 'argument' };

describe('the arguments of an agent', () => {
  it('hold each value inside its own argument, whatever it holds', () => {
    const agent = agentOf({
      argv: ['mine', '-m', '{model}', '--', 'task: {prompt}!'],
      resume: ['mine', '--session={memory}', '--', '{prompt}'],
      promptBy: 'argument',
      model: 'small',
    });
    const prompt = '$(id) {model} $& {memory}';
    expect(execArgv(agent, asked({ prompt }), null)).toEqual([
      'mine',
      '-m',
      'small',
      '--',
      `task: ${prompt}!`,
    ]);
    expect(execArgv(agent, asked({ model: 'large' }), null)[2]).toBe('large');
    expect(execArgv(agent, asked({ prompt }), 'S 1')).toEqual([
      'mine',
      '--session=S 1',
      '--',
      prompt,
    ]);
  });

  it('are those of a new session where the agent has no other', () => {
    expect(execArgv(agentOf({ argv: ['mine'] }), asked({}), 'S')).toEqual(['mine']);
  });

  it.each([
    [{ argv: ['mine'] }, { model: 'm' }, ['agent.model']],
    [{ argv: ['mine', '{model}'] }, {}, ['agent.model']],
    [{ argv: ['mine', '{model}'], model: 'm' }, {}, []],
    [{ argv: ['mine', '{effort}'] }, { effort: 'high' }, []],
    [{ argv: ['mine'] }, { effort: 'high' }, ['agent.effort']],
    [byArgument, { prompt: '--help' }, ['agent.prompt']],
    [{ ...byArgument, argv: ['mine', '--', '{prompt}'] }, { prompt: '--help' }, []],
    [{ ...byArgument, argv: ['mine', '--say={prompt}'] }, { prompt: '--help' }, []],
    [{ argv: ['mine'] }, { prompt: '--help' }, []],
  ])('%j refuse of %j: %j', (settings, more, fields) => {
    expect(refused(settings, more)).toEqual(fields);
  });
});
