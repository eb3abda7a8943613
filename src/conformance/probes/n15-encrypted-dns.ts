import { connectTo, gatewayProbe } from '../shared/gateway-probe.js';

const HOSTS = [
  'dns.google:443',
  'cloudflare-dns.com:443',
  'dns.quad9.net:443',
  'one.one.one.one:853',
];

export const encryptedDns = gatewayProbe({
  id: 'N15',
  title: 'DNS over HTTPS and over TLS is refused',
  tries: ({ listed: { host, port }, codex }) => ({
    refused: Object.fromEntries(
      HOSTS.filter(
        (one) => !codex.sandbox.egressAllowlist.some((entry) => one.startsWith(entry)),
      ).map((target) => [target, [connectTo(target)]]),
    ),
    allowed: { [`${host}:${port}`]: [connectTo(`${host}:${port}`)] },
  }),
});
