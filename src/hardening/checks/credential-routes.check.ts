import { LiveSettings } from '../../config/live-settings.js';
import type { Settings } from '../../config/settings.js';
import { addressClass } from '../../egress/address-class.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { parseHost } from '../../kernel/host-name.js';
import { lines, setKey } from '../shell.js';

/** Of a credential route, what tells who may read its secret on the way. */
export interface RouteFacts {
  readonly name: string;
  readonly upstream: string;
  /** Where the route stands in the file's list. */
  readonly place: number;
}

const KEY = 'codex.sandbox.credentialRoutes';

/** Whether a secret leaves this host in plain text. Pure. */
export function judgeCredentialRoutes(
  routes: readonly RouteFacts[],
  configFile: string,
): HardeningFinding {
  const plain = routes.filter(({ upstream }) => leavesInPlainText(upstream));
  if (plain.length === 0) {
    return passed(
      `${routes.length} credential route(s), none of which sends its secret in plain text.`,
    );
  }
  const far = plain.filter(({ upstream }) => !isNear(upstream));
  const named = (far.length > 0 ? far : plain).map(({ name }) => name).join(', ');
  const remedy = lines(...plain.flatMap((route) => overTls(route, configFile)));
  const then = 'Give each upstream over https, then start the service anew.';
  return far.length > 0
    ? failed(
        `By http and not https, whoever is on the way reads the secret of: ${named}. Who answers for a name may be anybody. ${then}`,
        remedy,
      )
    : warned(
        `By http and not https, whoever is in the private network on the way reads the secret of: ${named}. ${then}`,
        remedy,
      );
}

function overTls({ place, upstream }: RouteFacts, configFile: string): string[] {
  const at = `${KEY}.${place}`;
  return [
    setKey(configFile, `${at}.upstream`, upstream.replace(/^http:/i, 'https:')),
    setKey(configFile, `${at}.plainHttp`, 'false'),
  ];
}

function leavesInPlainText(upstream: string): boolean {
  return /^http:/i.test(upstream) && classOf(upstream) !== 'loopback';
}

/** By its address in a network of one's own, as far as an address can tell; a name tells nothing. */
function isNear(upstream: string): boolean {
  return ['private', 'shared', 'link-local'].includes(classOf(upstream) ?? '');
}

/** `null` of a name. */
function classOf(upstream: string): string | null {
  const { hostname } = new URL(upstream);
  if (hostname === 'localhost') return 'loopback';
  const host = parseHost(hostname);
  return host === null || host.kind === 'name' ? null : addressClass(host.text);
}

export class CredentialRoutesCheck implements HardeningCheck {
  readonly id = 'credential-routes';
  readonly title = 'Secrets on their way to upstreams';
  readonly kind = 'quick';

  constructor(private readonly settings: Settings) {}

  check(): Promise<HardeningFinding> {
    const { settings } = this;
    const { configFile } = settings.paths;
    // An overlay may have taken routes away; the file still has them.
    const inFile = settings instanceof LiveSettings ? settings.base : settings;
    const names = inFile.codex.sandbox.credentialRoutes.map(({ name }) => name);
    const facts = settings.codex.sandbox.credentialRoutes.map(({ name, upstream }) => ({
      name,
      upstream,
      place: names.indexOf(name),
    }));
    return Promise.resolve(judgeCredentialRoutes(facts, configFile ?? 'config/risoluto.yaml'));
  }
}
