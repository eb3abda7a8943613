const FIRST = 20_000;
const COUNT = 10_000;

/**
 * Where an instance's gateway listens if it can: the same port after every restart, so that the
 * sandboxes that live on find it, below the range from which Linux takes ports of connections.
 */
export function preferredPort(instanceId: string): number {
  return FIRST + (Number.parseInt(instanceId.slice(0, 8), 16) % COUNT);
}
