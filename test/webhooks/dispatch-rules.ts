import { yamlSchema } from '../../src/config/yaml-schema.js';
import type { DispatchRule } from '../../src/config/dispatch/dispatch-schema.js';

/** Rules as a start reads them; each has a command unless it says another. */
export function rulesFrom(...written: object[]): readonly DispatchRule[] {
  const dispatch = written.map((rule, index) => ({
    name: `rule-${index}`,
    when: { type: 'Issue' },
    run: { command: ['true'] },
    ...rule,
  }));
  return yamlSchema.parse({ dispatch }).dispatch;
}

export function ruleFrom(written: object): DispatchRule {
  const [rule] = rulesFrom(written);
  if (rule === undefined) throw new Error('no rule');
  return rule;
}
