import type { GatewayAddress } from './gateway-session.js';

/** How a sandbox proves at the gateway which run it is. */
export interface GatewayCredentials {
  readonly user: string;
  /** Worth something together with the sandbox's own address only. */
  readonly password: string;
}

/**
 * The variables by which programs find the gateway. A convenience and nothing else: without them a
 * program reaches nothing at all. The sandbox's own loopback and the gateway itself stay direct.
 */
export function proxyEnvironment(
  { address, port }: GatewayAddress,
  { user, password }: GatewayCredentials,
): Record<string, string> {
  const url = `http://${user}:${password}@${address}:${port}`;
  // Credential routes are the gateway's own pages, not a place behind it.
  const direct = `localhost,127.0.0.1,::1,${address}`;
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: direct,
    no_proxy: direct,
    // Node's own clients look at these variables only when they are told to.
    NODE_USE_ENV_PROXY: '1',
  };
}
