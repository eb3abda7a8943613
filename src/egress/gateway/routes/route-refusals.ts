import { targetText } from '../refusal-text.js';
import { Refusal } from '../refusal.js';
import { targetOf, type CredentialRoute } from './credential-route.js';

/** The same whether the operator has the route or not. */
export function notNamedRefusal(name: string): Refusal {
  const shown = /^[a-z0-9-]{1,32}$/.test(name) ? ` "${name}"` : '';
  return new Refusal(
    'route_not_named',
    403,
    `This run has not named the credential route${shown}. To allow it, the run is started with its name in credentialRoutes; the operator sets routes up in codex.sandbox.credentialRoutes.`,
  );
}

export function methodRefusal({ name, methods }: CredentialRoute): Refusal {
  return new Refusal(
    'route_method',
    403,
    `The credential route "${name}" takes ${methods.join(', ')}. To allow another method, the operator adds it to its methods in codex.sandbox.credentialRoutes.`,
  );
}

export function pathRefusal({ name }: CredentialRoute, why: 'unclear' | 'not_listed'): Refusal {
  const text =
    why === 'unclear'
      ? `The credential route "${name}" takes no path that can be read in two ways: no . or .. segments, no empty ones, no backslashes, and where its paths are listed no escaped slashes. No setting allows that.`
      : `The credential route "${name}" does not take this path. To allow it, the operator adds it to its paths in codex.sandbox.credentialRoutes.`;
  return new Refusal('route_path', 403, text);
}

export function rateRefusal(
  { name, requestsPerMinute }: CredentialRoute,
  retryAfterSeconds: number,
): Refusal {
  return new Refusal(
    'route_rate',
    429,
    `The credential route "${name}" takes ${requestsPerMinute} requests a minute of one turn. The operator sets its rateLimit in codex.sandbox.credentialRoutes.`,
    { retryAfterSeconds },
  );
}

export function credentialRefusal({ name }: CredentialRoute, problem: string): Refusal {
  return new Refusal(
    'route_credential',
    503,
    `The credential route "${name}" has nothing to add: ${problem}.`,
  );
}

/** Of a request that is written down already. */
export function codingRefusal({ name }: CredentialRoute): Refusal {
  return new Refusal(
    'route_answer',
    502,
    `The upstream of the credential route "${name}" answered in a coding that cannot be searched for the secret.`,
    { isWrittenDown: false },
  );
}

export function untrustedRefusal(route: CredentialRoute, code: string): Refusal {
  return new Refusal(
    'unreachable',
    502,
    `${targetText(targetOf(route))} did not prove by TLS that it is what it is called (${code}). Where it has a certificate of the operator's own, NODE_EXTRA_CA_CERTS names the authority to the service.`,
  );
}
