import { reachProbe } from '../shared/reach-probe.js';
import { closedShapes, PUBLIC_ADDRESSES } from '../shared/targets.js';

export const direct = reachProbe({
  id: 'N3',
  title: 'No TCP connection past the gateway',
  shapes: closedShapes,
  tries: () =>
    PUBLIC_ADDRESSES.flatMap((host) =>
      [80, 443, 22].map((port) => ({
        name: `${host}:${port}`,
        protocol: 'tcp' as const,
        host,
        port,
      })),
    ),
});
