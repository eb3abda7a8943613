import { DomainError } from '../kernel/domain-error.js';

/**
 * The names that a request asks for, each once.
 *
 * @throws DomainError `credential_route_unknown`, naming each that the operator has not.
 */
export function knownRoutes(
  operator: readonly { name: string }[],
  requested: readonly string[],
): readonly string[] {
  const names = [...new Set(requested)];
  const unknown = names.filter((name) => !operator.some((route) => route.name === name));
  if (unknown.length === 0) return names;
  throw new DomainError(
    'credential_route_unknown',
    'The request names credential routes that the operator has not set up',
    {
      details: unknown.map((name) => ({
        field: 'credentialRoutes',
        message: `codex.sandbox.credentialRoutes has no route ${JSON.stringify(name)}`,
      })),
    },
  );
}
