import { deepFreeze } from './deep-freeze.js';
import { laidOver, leavesOf, type JsonObject } from './merge-patch.js';
import { unavailableControls } from './not-available.js';
import type { Settings } from './settings.js';
import { checkContent, keysOf, type KeyProblem } from './yaml-file.js';

/**
 * What may be changed while the service runs, by whoever may write: how much, and nothing else. What a
 * sandbox is, what it can reach and what it is given are the operator's, in the operator's file.
 */
const OVERLAYABLE: readonly RegExp[] = [
  /^rateLimits\.(api|webhooks)\.limit$/,
  /^runs\.(maxConcurrent|outputLimit|minFreeDisk|onStop)$/,
  /^codex\.sandbox\.timeoutSeconds$/,
  /^codex\.sandbox\.resources\.(memory|cpus|pids|tmpfs|workspace)$/,
];

const OF_THE_OPERATOR = 'belongs to the operator’s file and cannot be overlaid; set it there';

export function isOverlayable(path: string): boolean {
  return OVERLAYABLE.some((pattern) => pattern.test(path));
}

export type Overlaid =
  | { settings: Settings }
  /** `refused`: all of it is right, but not for an overlay to say. */
  | { refused: boolean; problems: KeyProblem[] };

/**
 * The settings of the start with an overlay on top, in the shape of `risoluto.yaml`, judged as a
 * whole and as a start judges it.
 */
export function overlaid(base: Settings, overlay: JsonObject): Overlaid {
  const { rateLimits, runs, retention, codex } = base;
  const content = laidOver({ rateLimits, runs, retention, codex }, overlay);
  const { settings, problems } = checkContent(content);
  if (settings !== null) problems.push(...unavailableControls(settings).map(asKeyProblem));
  const wrong = new Set(problems.map(({ key }) => key));
  const refused = [...leavesOf(overlay).keys()]
    .filter(
      (key) => !isOverlayable(key) && ![...wrong].some((one) => `${key}.`.startsWith(`${one}.`)),
    )
    .map((key) => ({ key, rule: OF_THE_OPERATOR }));
  if (settings === null || problems.length + refused.length > 0) {
    return { refused: problems.length === 0, problems: [...problems, ...refused] };
  }
  return {
    settings: deepFreeze({
      server: base.server,
      auth: base.auth,
      masterKey: base.masterKey,
      previousMasterKey: base.previousMasterKey,
      secretsStore: base.secretsStore,
      paths: base.paths,
      dockerHost: base.dockerHost,
      logLevel: base.logLevel,
      passedEnvironment: base.passedEnvironment,
      ...settings,
      configuredKeys: new Set([...base.configuredKeys, ...keysOf(overlay)]),
    }),
  };
}

function asKeyProblem(line: string): KeyProblem {
  const [key = '', ...rule] = line.split(': ');
  return { key, rule: rule.join(': ') };
}
