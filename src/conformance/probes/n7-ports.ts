import { connectTo, gatewayProbe } from '../shared/gateway-probe.js';

export const ports = gatewayProbe({
  id: 'N7',
  title: 'A listed host is reached at its listed ports alone',
  tries: ({ listed: { host, port }, codex }) => {
    const unlisted = [22, 25, 853, 8443].filter(
      (other) =>
        other !== port &&
        !codex.sandbox.egressAllowlist.some((entry) => entry.endsWith(`:${other}`)),
    );
    return {
      refused: Object.fromEntries(
        unlisted.map((other) => [`${host}:${other}`, [connectTo(`${host}:${other}`)]]),
      ),
      allowed: { [`${host}:${port}`]: [connectTo(`${host}:${port}`)] },
    };
  },
});
