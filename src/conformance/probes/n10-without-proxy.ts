import type { Bench } from '../bench/bench.js';
import { NETWORK } from '../bench/shape.js';
import { failed, inconclusive, notApplicable, passed } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import type { Probe } from '../probe.js';
import { withoutGateway } from '../shared/gateway-probe.js';

/** Any status is an answer of somebody behind the gateway, or of the gateway where it is asked. */
const script = (host: string) => `command -v curl >/dev/null || { echo "missing curl"; exit; }
ask() { curl -sk -o /dev/null --max-time 8 -w '%{http_code}' "$@"; }
echo "listed $(ask https://${host}/)"
for name in HTTP_PROXY HTTPS_PROXY http_proxy https_proxy ALL_PROXY all_proxy NO_PROXY no_proxy; do unset $name; done
echo "unset $(ask --max-time 4 https://${host}/)"
echo "address $(ask --max-time 3 http://1.1.1.1/)"
echo "excepted $(NO_PROXY='*' ask --max-time 3 --noproxy '*' http://8.8.8.8/)"; true`;

export const withoutProxy: Probe = {
  id: 'N10',
  title: 'A program that ignores the proxy reaches nothing',
  group: 'network',
  network: true,
  async attempt(bench: Bench) {
    const { subject } = bench;
    const reason = withoutGateway(subject);
    if (reason !== null || subject.listed === null)
      return notApplicable(reason ?? 'no listed host');
    const { host, port } = subject.listed;
    const found = findingsOf(
      await bench.inside(NETWORK, script(port === 443 ? host : `${host}:${port}`)),
    );
    if (found.missing !== undefined) return notApplicable(`the image has not ${found.missing}`);
    const { unset, address, excepted, listed } = found;
    const direct = { unset, address, excepted };
    const reached = Object.entries(direct).filter(
      ([, status]) => status !== undefined && status !== '000',
    );
    if (reached.length > 0)
      return failed(`It was answered: ${reached.map(([name]) => name).join(', ')}.`);
    if (unset === undefined || address === undefined)
      return inconclusive('the sandbox said nothing');
    if (listed === undefined || listed === '000') {
      return inconclusive('nor does the same program reach the listed host through the proxy');
    }
    return passed(
      `Without the variables curl reaches nothing; with them ${host} answers ${listed}.`,
    );
  },
};
