import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { requestedTurnPolicySchema, turnSandboxPolicySchema } from '../config/policy-schema.js';
import type { RequestedTurnPolicy, TurnSandboxPolicy } from '../config/yaml-schema.js';
import { narrowTurn } from './policy-narrowing.js';

/** Names of which one begins with another, differs in case, or is a guarded one. */
const component = fc.constantFrom('a', 'ab', 'A', 'a.b', '.git', '...');
const root = fc
  .array(component, { maxLength: 3 })
  .map((components) => ['/workspace', ...components].join('/'));
const flag = fc.boolean();

const operators: fc.Arbitrary<TurnSandboxPolicy> = fc
  .oneof(
    fc.record({
      type: fc.constant('workspaceWrite'),
      networkAccess: flag,
      writableRoots: fc.array(root, { maxLength: 3 }),
      excludeSlashTmp: flag,
      excludeTmpdirEnvVar: flag,
    }),
    fc.record({ type: fc.constantFrom('readOnly', 'dangerFullAccess'), networkAccess: flag }),
  )
  .map((turn) => turnSandboxPolicySchema.parse(turn));

const requests: fc.Arbitrary<RequestedTurnPolicy> = fc
  .oneof(
    fc.record(
      {
        type: fc.constant('workspaceWrite'),
        networkAccess: flag,
        writableRoots: fc.array(root, { maxLength: 3 }),
        excludeSlashTmp: flag,
        excludeTmpdirEnvVar: flag,
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constantFrom('readOnly', 'dangerFullAccess') }),
  )
  .map((turn) => requestedTurnPolicySchema.parse(turn));

/** Whether a file in this directory may be written, said without the code that is tested. */
function mayWrite(turn: TurnSandboxPolicy | RequestedTurnPolicy, directory: readonly string[]) {
  if (turn.type === 'readOnly') return false;
  const roots = turn.type === 'workspaceWrite' ? (turn.writableRoots ?? []) : [];
  if (roots.length === 0) return true;
  return roots.some((text) => {
    const components = text.split('/').slice(2);
    return components.every((name, index) => directory[index] === name);
  });
}

const directories = fc.array(component, { maxLength: 4 });

function narrowed(operator: TurnSandboxPolicy, requested?: RequestedTurnPolicy) {
  const widened: string[] = [];
  return { ...narrowTurn(operator, requested, widened), widened };
}

const exclusions = (turn: TurnSandboxPolicy) =>
  turn.type === 'workspaceWrite'
    ? [turn.excludeSlashTmp, turn.excludeTmpdirEnvVar]
    : [false, false];

describe('a turn’s policy, narrowed', () => {
  const holds = (check: (operator: TurnSandboxPolicy, requested: RequestedTurnPolicy) => void) =>
    fc.assert(fc.property(operators, requests, check), { numRuns: 3000 });

  it('lets nothing be written that the operator or the request keeps from it', () => {
    fc.assert(
      fc.property(operators, requests, directories, (operator, requested, directory) => {
        const { policy, widened } = narrowed(operator, requested);
        if (widened.length > 0 || !mayWrite(policy, directory)) return;
        expect(mayWrite(operator, directory)).toBe(true);
        expect(mayWrite(requested, directory)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it('names the writable roots when a request has one beyond the operator’s, and only then', () => {
    let refused = 0;
    holds((operator, requested) => {
      if (operator.type !== 'workspaceWrite' || requested.type !== 'workspaceWrite') return;
      const asked = requested.writableRoots;
      const whole = asked?.length === 0 || asked?.includes('/workspace');
      const beyond =
        asked !== undefined &&
        (whole ? [[]] : asked.map((text) => text.split('/').slice(2))).some(
          (directory) => !mayWrite(operator, directory),
        );
      refused += Number(beyond);
      const { widened } = narrowed(operator, requested);
      expect(widened.includes('policy.turnSandboxPolicy.writableRoots')).toBe(beyond);
    });
    expect(refused).toBeGreaterThan(100);
  });

  it('keeps each exclusion of either side, whatever the type of the turn', () => {
    holds((operator, requested) => {
      const result = narrowed(operator, requested);
      const kept = [result.excludeSlashTmp, result.excludeTmpdirEnvVar];
      const asked =
        requested.type === 'workspaceWrite'
          ? [requested.excludeSlashTmp, requested.excludeTmpdirEnvVar]
          : [];
      exclusions(operator).forEach((own, index) => {
        expect(kept[index]).toBe(own || asked[index] === true);
        const name = ['excludeSlashTmp', 'excludeTmpdirEnvVar'][index];
        expect(result.widened.includes(`policy.turnSandboxPolicy.${name}`)).toBe(
          own && asked[index] === false,
        );
      });
    });
  });

  it('is the operator’s own when it asks for just that, or for nothing', () => {
    fc.assert(
      fc.property(operators, (operator) => {
        expect(narrowed(operator).policy).toEqual(operator);
        const { policy, widened } = narrowed(operator, operator);
        expect(widened).toEqual([]);
        expect(exclusions(policy)).toEqual(exclusions(operator));
        const again = narrowed(policy, policy);
        expect([again.widened, again.policy]).toEqual([[], policy]);
      }),
      { numRuns: 1000 },
    );
  });
});
