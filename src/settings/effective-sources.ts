import { leavesOf, type JsonObject } from '../config/merge-patch.js';
import { readFileSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { NO_JUDGE, type SettingsJudge } from '../config/settings-judge.js';

export type SettingSource = 'default' | 'file' | 'overlay';

/** Who decided each value, by its dotted path. */
export function sourcesOf(base: Settings, overlay: JsonObject): Record<string, SettingSource> {
  const overlaid = leavesOf(overlay);
  const { rateLimits, runs, retention, webhooks, codex, dispatch } = base;
  return Object.fromEntries(
    [...leavesOf({ rateLimits, runs, retention, webhooks, codex, dispatch }).keys()].map((path) => [
      path,
      overlaid.has(path) ? 'overlay' : base.configuredKeys.has(path) ? 'file' : 'default',
    ]),
  );
}

export interface PendingSettings {
  /** Dotted paths that have another value in the file than at the start. */
  keys: string[];
  /** Why a start would refuse the file as it is now. */
  problems: string[];
}

/** What was changed in `risoluto.yaml` since the start, and waits for the next one. */
export function pendingOf(base: Settings, judge: SettingsJudge = NO_JUDGE): PendingSettings {
  const problems: string[] = [];
  const file = readFileSettings(base.paths.configFile, (problem) => problems.push(problem));
  if (file === null || problems.length > 0) return { keys: [], problems };
  const { settings, configuredKeys } = file;
  const judged = judge(Object.assign({}, base, settings, { configuredKeys }));
  if (judged.length > 0) {
    return { keys: [], problems: judged.map(({ key, rule }) => `${key}: ${rule}`) };
  }
  const { rateLimits, runs, retention, webhooks, codex, dispatch } = base;
  const before = leavesOf({ rateLimits, runs, retention, webhooks, codex, dispatch });
  const now = leavesOf(settings);
  const keys = new Set([...before.keys(), ...now.keys()]);
  return {
    keys: [...keys]
      .filter((key) => JSON.stringify(before.get(key)) !== JSON.stringify(now.get(key)))
      .sort(),
    problems,
  };
}
