import type { EgressRules, GatewaySession } from '../gateway-session.js';
import type { CredentialRoute, CredentialState, RouteCredential } from './credential-route.js';
import { credentialRefusal, notNamedRefusal } from './route-refusals.js';
import { MaskForms } from './value-mask.js';

/** A route and what it adds, as of one moment. */
export interface RouteInUse {
  readonly route: CredentialRoute;
  readonly credential: RouteCredential;
  readonly forms: MaskForms;
  /** Other as soon as the route is, or what it adds. */
  readonly stamp: string;
}

const UNTOLD: CredentialState = { problem: 'its secret was not read yet; try again' };

/** The routes of the settings, and what is added on each of them as long as somebody uses it. */
export class RouteBook {
  readonly #rules: () => EgressRules;
  #credentials: ReadonlyMap<string, CredentialState> = new Map();
  #forms = new WeakMap<RouteCredential, MaskForms>();

  constructor(rules: () => EgressRules) {
    this.#rules = rules;
  }

  /** By the route's name, in place of all that was said before. */
  replaceCredentials(credentials: ReadonlyMap<string, CredentialState>): void {
    this.#credentials = credentials;
  }

  /** Throws `Refusal` where the session has not named it, or it is no more. */
  named(name: string, { routes = [] }: GatewaySession): CredentialRoute {
    const route = routes.includes(name) ? this.#route(name) : undefined;
    if (route === undefined) throw notNamedRefusal(name);
    return route;
  }

  /** Throws `Refusal` where there is nothing to add. */
  inUse(route: CredentialRoute): RouteInUse {
    const credential = this.#credentials.get(route.name) ?? UNTOLD;
    if ('problem' in credential) throw credentialRefusal(route, credential.problem);
    const stamp = stampOf(route, credential);
    return { route, credential, forms: this.#formsOf(credential), stamp };
  }

  /** Whether what is in use is still what would be used. */
  stillHolds({ route: { name }, stamp }: RouteInUse): boolean {
    const route = this.#route(name);
    const credential = this.#credentials.get(name) ?? UNTOLD;
    if (route === undefined || 'problem' in credential) return false;
    return stampOf(route, credential) === stamp;
  }

  #route(name: string): CredentialRoute | undefined {
    return this.#rules().routes.find((route) => route.name === name);
  }

  #formsOf(credential: RouteCredential): MaskForms {
    const known = this.#forms.get(credential) ?? new MaskForms(credential.forms);
    this.#forms.set(credential, known);
    return known;
  }
}

function stampOf(route: CredentialRoute, credential: RouteCredential): string {
  return `${credential.stamp} ${route.stamp}`;
}
