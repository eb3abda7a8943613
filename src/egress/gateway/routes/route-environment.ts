import type { GatewayAddress } from '../gateway-session.js';

/** Before the name of a route in the path of its requests. */
export const ROUTES_PATH = '/r/';

/** The variable of a route and its base URL, without a slash at its end, for each of them. */
export function routeEnvironment(
  { address, port }: GatewayAddress,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [routeVariable(name), `http://${address}:${port}${ROUTES_PATH}${name}`]),
  );
}

function routeVariable(name: string): string {
  return `RISOLUTO_ROUTE_${name.toUpperCase().replaceAll('-', '_')}`;
}
