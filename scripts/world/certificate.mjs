import { join } from 'node:path';

import { run } from '../lib/command.mjs';

const NAMES = ['test', '*.test', '*.wild.test', '*.ip.test'];

/**
 * One certificate for every TLS server of the world, signed by itself: `certificate.pem` and `key.pem`.
 *
 * @param {string} directory
 */
export async function makeCertificate(directory) {
  const names = NAMES.map((name) => `DNS:${name}`).join(',');
  const options = {
    days: '3650',
    subj: '/CN=the internet',
    newkey: 'ec',
    pkeyopt: 'ec_paramgen_curve:prime256v1',
    addext: `subjectAltName=${names}`,
    keyout: join(directory, 'key.pem'),
    out: join(directory, 'certificate.pem'),
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]);
  await run('openssl', ['req', '-x509', '-nodes', ...args]);
}
