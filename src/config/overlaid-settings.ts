import { deepFreeze } from './deep-freeze.js';
import { laidOver, leavesOf, type JsonObject } from './merge-patch.js';
import { isOverlayable, wideningOf } from './overlay-bounds.js';
import type { Settings } from './settings.js';
import { NO_JUDGE, type SettingsJudge } from './settings-judge.js';
import { checkContent, keysOf, type KeyProblem } from './yaml-file.js';
import type { YamlSettings } from './yaml-schema.js';

const OF_THE_OPERATOR = 'belongs to the operator’s file and cannot be overlaid; set it there';

export type Overlaid =
  | { settings: Settings }
  | {
      /** All of it is right, but not for an overlay to say. */
      refused: boolean;
      /** Nothing is wrong but that it asks for more than is allowed, at the keys of `problems`. */
      wider: boolean;
      problems: KeyProblem[];
    };

/**
 * The settings of the start with an overlay on top, in the shape of `risoluto.yaml`, judged as a
 * whole and as a start judges it. What the operator has stated, it can only narrow; a default is no
 * bound.
 */
export function overlaid(
  base: Settings,
  overlay: JsonObject,
  judge: SettingsJudge = NO_JUDGE,
): Overlaid {
  const { rateLimits, runs, retention, webhooks, codex, dispatch } = base;
  const content = laidOver({ rateLimits, runs, retention, webhooks, codex, dispatch }, overlay);
  const { settings, problems } = checkContent(content);
  const wrong = new Set(problems.map(({ key }) => key));
  const refused = [...leavesOf(overlay).keys()]
    .filter(
      (key) => !isOverlayable(key) && ![...wrong].some((one) => `${key}.`.startsWith(`${one}.`)),
    )
    .map((key) => ({ key, rule: OF_THE_OPERATOR }));
  if (settings === null || problems.length + refused.length > 0) {
    return { refused: problems.length === 0, wider: false, problems: [...problems, ...refused] };
  }
  const wider = wideningsOf(base, settings, overlay);
  if (wider.length > 0) return { refused: true, wider: true, problems: wider };
  const after: Settings = {
    server: base.server,
    auth: base.auth,
    linearWebhookSecrets: base.linearWebhookSecrets,
    masterKey: base.masterKey,
    previousMasterKey: base.previousMasterKey,
    secretsStore: base.secretsStore,
    paths: base.paths,
    dockerHost: base.dockerHost,
    logLevel: base.logLevel,
    passedEnvironment: base.passedEnvironment,
    ...settings,
    configuredKeys: new Set([...base.configuredKeys, ...keysOf(overlay)]),
  };
  const judged = judge(after);
  if (judged.length > 0) return { refused: false, wider: true, problems: judged };
  return { settings: deepFreeze(after) };
}

function wideningsOf(base: Settings, asked: YamlSettings, overlay: JsonObject): KeyProblem[] {
  const { rateLimits, runs, codex } = base;
  const [own, now] = [leavesOf({ rateLimits, runs, codex }), leavesOf(asked)];
  return [...leavesOf(overlay).keys()].flatMap((key) => {
    const bound = base.configuredKeys.has(key) ? own.get(key) : undefined;
    const rule = wideningOf(key, now.get(key), bound);
    return rule === null ? [] : [{ key, rule }];
  });
}
