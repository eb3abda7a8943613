import type { GatewayAddress } from '../gateway-session.js';

/** Before the name of a route in the path of its requests. */
export const ROUTES_PATH = '/r/';

/** The base URL of each of these routes, without a slash at its end, by name. */
export function routeUrls(
  { address, port }: GatewayAddress,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name, `http://${address}:${port}${ROUTES_PATH}${name}`]),
  );
}

/** The variables that tell a sandbox the base URLs of its routes. */
export function routeEnvironment(urls: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(urls).map(([name, url]) => [routeVariable(name), url]));
}

function routeVariable(name: string): string {
  return `RISOLUTO_ROUTE_${name.toUpperCase().replaceAll('-', '_')}`;
}
