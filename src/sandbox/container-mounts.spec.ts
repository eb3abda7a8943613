import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { sized } from '../../test/support/long-form.js';
import { yamlSchema } from '../config/yaml-schema.js';
import { buildMounts } from './container-mounts.js';
import { effectivePolicy } from './policy.js';
import { isAtOrBelow } from './policy-narrowing.js';
import type { WorkspaceLayout } from './workspace-layout.js';

const NAMES = ['.git', 'modules', 'hooks', 'config', '.codex', 'a'];
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

/** Guards as they are found: whatever is sealed lies in held directories, in no order. */
const guards = fc
  .uniqueArray(path, { maxLength: 6 })
  .map((sealed) => outermost(sealed))
  .map((sealed) => ({ sealed, held: [...new Set(sealed.flatMap(ancestorsOf))].reverse() }));

const placed = (name: string) => ({ source: `/host/w/${name}`, target: `/workspace/${name}` });

function outermost(paths: readonly string[]): string[] {
  return paths.filter((one) => !paths.some((other) => other !== one && isAtOrBelow(one, other)));
}

function ancestorsOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}

interface Case {
  type: 'readOnly' | 'workspaceWrite' | 'dangerFullAccess';
  roots: readonly string[];
  guarded: { sealed: readonly string[]; held: readonly string[] };
  gvisor: boolean;
}

const cases: fc.Arbitrary<Case> = fc.record({
  type: fc.constantFrom('readOnly', 'workspaceWrite', 'workspaceWrite', 'dangerFullAccess'),
  roots: fc.array(path, { maxLength: 5 }),
  guarded: guards,
  gvisor: fc.boolean(),
});

function mountsOf({ type, roots, guarded, gvisor }: Case) {
  const turnSandboxPolicy =
    type === 'workspaceWrite'
      ? { type, writableRoots: roots.map((root) => `/workspace/${root}`) }
      : { type };
  const codex = yamlSchema.parse({
    codex: {
      threadSandbox: 'danger-full-access',
      turnSandboxPolicy,
      sandbox: { security: { gvisor } },
    },
  }).codex;
  const policy = effectivePolicy(codex, new Set(['codex.turnSandboxPolicy']));
  const layout: WorkspaceLayout = {
    roots: policy.writableRoots.map((target) => placed(target.slice('/workspace/'.length))),
    held: guarded.held.map(placed),
    sealed: guarded.sealed.map(placed),
  };
  const sources = { workspaceDir: '/host/w', homeDir: '/host/h', resolvConf: '/host/r' };
  return buildMounts(policy, { ...sources, layout, extraMounts: [] });
}

/** What decides about a path: the deepest mount that it is in. */
function isWritable(mounts: ReturnType<typeof buildMounts>, target: string): boolean {
  const over = mounts.filter(({ Target }) => isAtOrBelow(target, Target));
  over.sort((one, other) => other.Target.length - one.Target.length);
  return over[0]?.ReadOnly === false;
}

describe('many mounts', () => {
  it('are refused where gVisor would not start with them', () => {
    const sealed = Array.from({ length: 218 }, (_, index) => `a${index}`);
    const of = (gvisor: boolean, count: number) =>
      mountsOf({
        type: 'workspaceWrite',
        roots: [],
        guarded: { held: [], sealed: sealed.slice(0, count) },
        gvisor,
      });
    expect(of(true, 217)).toHaveLength(220);
    expect(of(false, 218)).toHaveLength(221);
    expect(() => of(true, 218)).toThrow(
      expect.objectContaining({
        code: 'control_unavailable',
        details: [expect.objectContaining({ field: 'codex.sandbox.protectRepoConfig' })],
      }),
    );
  });
});

describe('the mounts of any policy in any workspace', () => {
  const holds = (check: (mounts: ReturnType<typeof buildMounts>, of: Case) => void) =>
    fc.assert(
      fc.property(cases, (of) => check(mountsOf(of), of)),
      { numRuns: sized(700, 2000) },
    );

  it('leave nothing writable at or below what is sealed', () => {
    holds((mounts, { guarded }) => {
      for (const name of guarded.sealed) {
        expect(isWritable(mounts, `/workspace/${name}`)).toBe(false);
        for (const below of NAMES) {
          expect(isWritable(mounts, `/workspace/${name}/${below}/x`)).toBe(false);
        }
      }
    });
  });

  it('let nothing be renamed that something sealed lies in', () => {
    holds((mounts, { guarded }) => {
      for (const name of [...guarded.held, ...guarded.sealed]) {
        const target = `/workspace/${name}`;
        // A mount point cannot be renamed, and nothing can in a directory that is read-only.
        const parent = target.slice(0, target.lastIndexOf('/'));
        const inPlace = mounts.some(({ Target }) => Target === target);
        expect(inPlace || !isWritable(mounts, parent)).toBe(true);
      }
    });
  });

  it('open every writable root but what is sealed in it, and no more', () => {
    holds((mounts, { type, roots, guarded }) => {
      const whole = type === 'dangerFullAccess' || (type === 'workspaceWrite' && !roots.length);
      const open = type === 'readOnly' ? [] : roots;
      for (const name of ['x', ...NAMES, ...roots, ...guarded.held, ...guarded.sealed]) {
        const allowed = whole || open.some((root) => isAtOrBelow(name, root));
        const sealed = guarded.sealed.some((one) => isAtOrBelow(name, one));
        expect([name, isWritable(mounts, `/workspace/${name}`)]).toEqual([
          name,
          allowed && !sealed,
        ]);
      }
    });
  });

  it('come with ancestors first, each target once, from the path that it stands for', () => {
    holds((mounts) => {
      const targets = mounts.map(({ Target }) => Target);
      expect(new Set(targets).size).toBe(targets.length);
      targets.forEach((target, index) => {
        for (const later of targets.slice(index + 1))
          expect(isAtOrBelow(target, later)).toBe(false);
      });
      for (const { Source, Target } of mounts) {
        if (isAtOrBelow(Target, '/workspace'))
          expect(Source).toBe(Target.replace('/workspace', '/host/w'));
      }
    });
  });
});
