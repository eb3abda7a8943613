import { connectTo, gatewayProbe } from '../shared/gateway-probe.js';

export const spelling = gatewayProbe({
  id: 'N18',
  title: 'Hosts are compared, however they are written',
  tries: ({ listed: { host, port }, codex }, nonce) => {
    const evil = `${nonce}.example.com`;
    const wild = codex.sandbox.egressAllowlist.flatMap(
      (entry) => /^\*\.([^:]+)$/.exec(entry)?.[1] ?? [],
    );
    const alike = [host, ...wild.slice(0, 3)].flatMap((name) => [`${name}.${evil}`, `evil${name}`]);
    const bare = wild.slice(0, 3).filter((name) => !codex.sandbox.egressAllowlist.includes(name));
    const broken = [
      `${host}@${evil}:${port}`,
      `${evil}@${host}:${port}`,
      `${host}\0.${evil}:${port}`,
      `${host}%00.${evil}:${port}`,
      `${host}#.${evil}:${port}`,
      `${host}:${port}:${evil}:${port}`,
      `${host}:${port} \t${evil}:${port}`,
      `${host}\r\nX: ${evil}:${port}`,
      `https://${host}:${port}`,
      host,
    ];
    const refused = [...[...alike, ...bare].map((name) => `${name}:${port}`), ...broken];
    const same = [`${host.toUpperCase()}:${port}`, `${host}.:${port}`];
    return {
      refused: Object.fromEntries(refused.map((target) => [target, [connectTo(target)]])),
      allowed: Object.fromEntries(same.map((target) => [target, [connectTo(target)]])),
    };
  },
});
