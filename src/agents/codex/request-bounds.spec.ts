import { describe, expect, it } from 'vitest';

import { agentSchema } from '../../config/agent-schema.js';
import { parseYaml } from '../../config/yaml-file.js';
import { checkRequest } from './request-bounds.js';

const request = (more: object = {}) => ({ kind: 'codex', prompt: 'do it', ...more });

function codeOf(asked: object, settings: object): string | null {
  try {
    checkRequest(request(asked), agentSchema.parse(settings));
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('what a request asks of Codex', () => {
  it.each<[asked: object, settings: object, code: string | null]>([
    [{}, {}, null],
    [{ model: 'any', effort: 'high' }, {}, null],
    [{ model: 'small' }, { model: 'small' }, null],
    [{ model: 'large' }, { model: 'small' }, 'policy_widened'],
    [{ effort: 'low' }, { effort: 'medium' }, null],
    [{ effort: 'high' }, { effort: 'medium' }, 'policy_widened'],
    [{ effort: 'huge' }, { effort: 'medium' }, 'policy_widened'],
  ])('%j under %j: %s', (asked, settings, code) => {
    expect(codeOf(asked, settings)).toBe(code);
  });

  it.each<[asked: object, settings: object, code: string | null]>([
    [{ model: 'small' }, {}, null],
    [{}, { model: 'small' }, null],
    [{ model: 'large' }, {}, 'control_unavailable'],
    [{}, {}, 'control_unavailable'],
  ])('%j under %j where cost is limited and only small has a price: %s', (asked, more, code) => {
    const prices = { small: { inputPerMillion: 1, outputPerMillion: 2 } };
    expect(codeOf(asked, { ...more, prices, limits: { costPerRun: 1 } })).toBe(code);
  });
});

describe('codex.agent in the settings', () => {
  function problems(agent: object): string[] {
    const found: string[] = [];
    parseYaml(JSON.stringify({ codex: { agent } }), 'it', (problem) => found.push(problem));
    return found;
  }

  it.each<[agent: object, problem: string]>([
    [{ route: 'Model' }, 'codex.agent.route: must be the name of a credential route'],
    [{ approvalPolicy: 'on-failure' }, 'codex.agent.approvalPolicy'],
    [{ limits: { costPerRun: 5 } }, 'codex.agent.limits.costPerRun: needs a price'],
    [{ limits: { tokens: 5 } }, 'codex.agent.limits.tokens: unknown key'],
    [{ prices: { m: { inputPerMillion: 1 } } }, 'codex.agent.prices.m.outputPerMillion'],
  ])('%j is refused: %s', (agent, problem) => {
    expect(problems(agent)).toEqual([expect.stringContaining(problem) as string]);
  });

  it('may be left out', () => {
    expect(agentSchema.parse({})).toMatchObject({ route: '', approvalPolicy: 'never', prices: {} });
  });
});
