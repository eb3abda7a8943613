import { connectTo, gatewayProbe } from '../shared/gateway-probe.js';

const NOTATIONS = [
  '1.1.1.1:443',
  '[2606:4700:4700::1111]:443',
  '16843009:443',
  '0x01010101:443',
  '01.01.01.01:443',
  '1.1:443',
  '1.1.1.1.:443',
  '[::ffff:1.1.1.1]:443',
  '[::ffff:169.254.169.254]:80',
  '[64:ff9b::101:101]:443',
  '169.254.169.254:80',
  '2852039166:80',
  '[::1]:443',
  '127.0.0.1:443',
  '[fe80::1%25eth0]:443',
];

export const literals = gatewayProbe({
  id: 'N6',
  title: 'An address is refused, in whatever notation',
  applies: ({ codex }) =>
    codex.sandbox.egressAllowlist.some((entry) => entry.startsWith('1.1.1.1'))
      ? 'the allowlist holds 1.1.1.1'
      : null,
  tries: ({ listed: { host, port } }) => ({
    refused: Object.fromEntries(NOTATIONS.map((target) => [target, [connectTo(target)]])),
    allowed: { [`${host}:${port}`]: [connectTo(`${host}:${port}`)] },
  }),
});
