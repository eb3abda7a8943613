import type { Grant, OpenGrant } from './fenced-bridge.js';
import type { FencePlan } from './fence-plan.js';
import { bridgeTable, inetTable, names } from './fence-tables.js';

const INSTANCE_ID = /^[0-9a-f]{1,32}$/;

export function tableName(instanceId: string): string {
  if (!INSTANCE_ID.test(instanceId)) throw new TypeError('not an instance id');
  return `risoluto_${instanceId}`;
}

/** One transaction that removes both tables, also when they do not exist. */
export function removeScript(table: string): string {
  return ['inet', 'bridge']
    .flatMap((family) => [`add table ${family} ${table}`, `delete table ${family} ${table}`])
    .join('\n')
    .concat('\n');
}

/**
 * One transaction that puts both tables in place of whatever stands under their names. The kernel
 * swaps them at once: no packet meets a moment without rules. Only `plan.grants` are open after it.
 */
export function placeScript(plan: FencePlan): string {
  const grants = plan.grants.map((grant) => addElements(plan.table, grant)).join('');
  return removeScript(plan.table) + inetTable(plan) + bridgeTable(plan) + grants;
}

/** Replaces an earlier grant of the same address and MAC, its time limit included. */
export function grantScript(table: string, grant: Grant): string {
  return revokeScript(table, grant) + addElements(table, grant);
}

/** Succeeds whether or not the kernel still has the elements. */
export function revokeScript(table: string, grant: Grant): string {
  return elements(grant)
    .flatMap(({ family, set, key }) => [
      `add element ${family} ${table} ${set} { ${key} }`,
      `delete element ${family} ${table} ${set} { ${key} }`,
    ])
    .join('\n')
    .concat('\n');
}

/** Makes `ports` the whole of the list. */
export function portsScript(table: string, ports: readonly string[]): string {
  const flush = `flush set bridge ${table} ports\n`;
  return ports.length === 0
    ? flush
    : `${flush}add element bridge ${table} ports { ${names(ports)} }\n`;
}

export interface FenceElement {
  readonly family: 'inet' | 'bridge';
  readonly set: string;
  readonly key: string;
}

/** Every set element that one grant consists of. */
export function elements(grant: Grant): FenceElement[] {
  const pair = `${grant.address} . ${grant.mac}`;
  return [
    { family: 'inet', set: grant.kind, key: pair },
    { family: 'inet', set: `${grant.kind}_address`, key: grant.address },
    { family: 'bridge', set: grant.kind, key: pair },
    ...(grant.kind === 'open' ? resolverElements(grant) : []),
  ];
}

function resolverElements({ address, resolvers }: OpenGrant): FenceElement[] {
  return [...new Set(resolvers)].map((resolver) => ({
    family: 'inet',
    set: 'resolvers',
    key: `${address} . ${resolver}`,
  }));
}

function addElements(table: string, grant: Grant): string {
  return elements(grant)
    .map(
      ({ family, set, key }) =>
        `add element ${family} ${table} ${set} { ${key} timeout ${grant.seconds}s }\n`,
    )
    .join('');
}
