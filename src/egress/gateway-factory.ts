import { LiveSettings } from '../config/live-settings.js';
import { Clock } from '../kernel/clock.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { DecisionRecorder } from './decisions/decision.js';
import { loadEgressKey } from './egress-key.js';
import { LiveEgressRules } from './egress-rules.js';
import { DnsNameResolver } from './gateway/dns-name-resolver.js';
import { EgressGateway } from './gateway/egress-gateway.js';
import { OwnAddresses } from './own-addresses.js';

/** The gateway of this instance, which follows the operator's settings as they change. */
export const EGRESS_GATEWAY = {
  provide: EgressGateway,
  inject: [DataDirectory, LiveSettings, DecisionRecorder, Clock],
  useFactory: (
    directory: DataDirectory,
    settings: LiveSettings,
    recorder: DecisionRecorder,
    clock: Clock,
  ) => {
    const rules = new LiveEgressRules(() => settings.codex.sandbox);
    const own = new OwnAddresses();
    const gateway: EgressGateway = new EgressGateway({
      key: loadEgressKey(directory),
      rules: () => rules.current(),
      recorder,
      resolver: new DnsNameResolver(settings.codex.sandbox.dns),
      ownAddresses: () => own.list(gateway.listening.map(({ address }) => address)),
      clock,
    });
    settings.onReplaced(() => gateway.rulesChanged());
    return gateway;
  },
};
