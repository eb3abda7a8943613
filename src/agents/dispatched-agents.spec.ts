import { expect, it } from 'vitest';

import { rulesFrom } from '../../test/webhooks/dispatch-rules.js';
import { yamlSchema } from '../config/yaml-schema.js';
import { dispatchedAgentProblems } from './dispatched-agents.js';

const { codex } = yamlSchema.parse({
  codex: {
    agents: {
      exec: [
        { name: 'plain', argv: ['agent'] },
        { name: 'choosy', argv: ['agent', '{model}'] },
      ],
    },
  },
});

const problemsOf = (agent: object) => {
  const run = { agent: { prompt: '{{ issue.title }}', ...agent } };
  const dispatch = [...rulesFrom({ name: 'a', run })];
  return dispatchedAgentProblems({ dispatch, codex }).map(({ key, rule }) => `${key}: ${rule}`);
};

it('finds nothing wrong with agents that there are, nor with commands', () => {
  for (const agent of [{ kind: 'plain' }, { kind: 'choosy', model: 'm' }, { kind: 'codex' }]) {
    expect(problemsOf(agent)).toEqual([]);
  }
  expect(dispatchedAgentProblems({ dispatch: [...rulesFrom({})], codex })).toEqual([]);
});

it.each([
  [{ kind: 'nobody' }, 'kind: rule a: must be one of: codex, plain, choosy'],
  [{ kind: 'plain', model: 'm' }, 'model: rule a: is nothing that plain takes'],
  [{ kind: 'choosy' }, 'model: rule a: must be given: choosy has no default'],
])('names rule and key of %j', (agent, problem) => {
  expect(problemsOf(agent)).toEqual([`dispatch.0.run.agent.${problem}`]);
});
