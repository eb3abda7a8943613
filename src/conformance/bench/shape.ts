import type { Subject } from './subject.js';

type Resources = Partial<Record<'memory' | 'tmpfs' | 'workspace', string>> &
  Partial<Record<'cpus' | 'pids', number>>;

/**
 * In what sandbox a script runs: the operator’s own policy, narrowed or with network access. Scripts
 * of the same shape share a sandbox.
 */
export interface Shape {
  readonly network?: boolean;
  readonly readOnly?: boolean;
  readonly excludeSlashTmp?: boolean;
  readonly resources?: Resources;
}

/** As most turns are: no network. */
export const PLAIN: Shape = {};
export const NETWORK: Shape = { network: true };

/** The `policy` of the request. */
export function policyOf(shape: Shape, { codex }: Subject): Record<string, unknown> {
  const { type, ...rest } = codex.turnSandboxPolicy;
  const turn =
    shape.readOnly === true
      ? { type: 'readOnly' }
      : { type, ...rest, ...(shape.excludeSlashTmp === true && { excludeSlashTmp: true }) };
  return {
    turnSandboxPolicy: { ...turn, networkAccess: shape.network === true },
    ...(shape.resources && { resources: shape.resources }),
  };
}
