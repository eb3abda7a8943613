import type { Redacted } from '../kernel/redacted.js';
import type {
  CodexSettings,
  DispatchSettings,
  RateLimitSettings,
  RetentionSettings,
  RunSettings,
  WebhookSettings,
} from './yaml-schema.js';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export type SecretsStoreKind = 'database' | 'file';

/**
 * Everything that an operator decides, validated and frozen. An abstract class because it is the
 * injection token; made once, before any module exists.
 */
export abstract class Settings {
  abstract readonly server: {
    readonly bind: string;
    readonly port: number;
    /** Addresses and CIDR ranges whose forwarding headers are believed. */
    readonly trustProxy: readonly string[];
  };
  abstract readonly auth: {
    readonly writeToken: Redacted | null;
    readonly readToken: Redacted | null;
  };
  /** `null`: the service starts with its secrets locked. */
  abstract readonly masterKey: Redacted | null;
  /** The one that `masterKey` takes the place of; `null` but during a change of the key. */
  abstract readonly previousMasterKey: Redacted | null;
  abstract readonly secretsStore: SecretsStoreKind;
  abstract readonly paths: {
    /** Absolute. */
    readonly dataDir: string;
    /** Absolute. */
    readonly workspacesDir: string;
    /** Absolute; `null` when there is none and none was asked for. */
    readonly configFile: string | null;
    /** Absolute; `null` when the key does not come from a file. */
    readonly masterKeyFile: string | null;
    /** Absolute; `null` when the previous key does not come from a file. */
    readonly previousMasterKeyFile: string | null;
  };
  /** As in `DOCKER_HOST`; `null` for the default socket. */
  abstract readonly dockerHost: string | null;
  abstract readonly logLevel: LogLevel;
  abstract readonly rateLimits: RateLimitSettings;
  abstract readonly runs: RunSettings;
  abstract readonly retention: RetentionSettings;
  abstract readonly webhooks: WebhookSettings;
  abstract readonly codex: CodexSettings;
  /** Which event starts which run; the first rule that matches counts. */
  abstract readonly dispatch: DispatchSettings;
  /** The values of `codex.sandbox.envPassthrough` that the service's own environment has. */
  abstract readonly passedEnvironment: Readonly<Record<string, Redacted>>;
  /** The keys of the YAML file that the operator set (`codex.sandbox.network`), so that a report can tell a choice from a default. */
  abstract readonly configuredKeys: ReadonlySet<string>;
}
