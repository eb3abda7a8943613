import { Settings } from './settings.js';
import { NO_JUDGE, type SettingsJudge } from './settings-judge.js';

/**
 * The settings as they are now: those of the start, until a changed set takes their place. Whoever
 * reads a group of keys at use follows; each set is frozen, so what was read stays consistent.
 */
export class LiveSettings extends Settings {
  #current: Settings;
  readonly #listeners = new Set<() => void>();

  constructor(
    /** As the environment and `risoluto.yaml` made them. */
    readonly base: Settings,
    /** What else must be right of a changed set. */
    readonly judge: SettingsJudge = NO_JUDGE,
  ) {
    super();
    this.#current = base;
  }

  get server() {
    return this.base.server;
  }

  get auth() {
    return this.base.auth;
  }

  get masterKey() {
    return this.base.masterKey;
  }

  get previousMasterKey() {
    return this.base.previousMasterKey;
  }

  get secretsStore() {
    return this.base.secretsStore;
  }

  get paths() {
    return this.base.paths;
  }

  get dockerHost() {
    return this.base.dockerHost;
  }

  get logLevel() {
    return this.base.logLevel;
  }

  get passedEnvironment() {
    return this.base.passedEnvironment;
  }

  get retention() {
    return this.base.retention;
  }

  get webhooks() {
    return this.base.webhooks;
  }

  get rateLimits() {
    return this.#current.rateLimits;
  }

  get runs() {
    return this.#current.runs;
  }

  get codex() {
    return this.#current.codex;
  }

  get dispatch() {
    return this.#current.dispatch;
  }

  get configuredKeys() {
    return this.#current.configuredKeys;
  }

  /** What is not of `risoluto.yaml` stays as it was at the start, whatever `settings` says. */
  replace(settings: Settings): void {
    this.#current = settings;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after each replacement. */
  onReplaced(listener: () => void): void {
    this.#listeners.add(listener);
  }
}
