import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';

import { Redacted } from '../kernel/redacted.js';
import { CLIENT_VARIABLES } from './client-environment.js';
import { readMasterKeys } from './master-keys.js';
import { nearestKey } from './nearest-key.js';
import type { LogLevel, SecretsStoreKind, Settings } from './settings.js';

const LOG_LEVELS: readonly LogLevel[] = [
  'fatal',
  'error',
  'warn',
  'info',
  'debug',
  'trace',
  'silent',
];

/** What a header can carry and a client cannot misread; wider than RFC 6750 section 2.1. */
const BEARER_TOKEN = /^[\x21-\x7e]{1,512}$/;

/** Our variables; any other that begins with `RISOLUTO_` is a spelling mistake. */
const OUR_VARIABLES = [
  ...CLIENT_VARIABLES,
  'RISOLUTO_BIND',
  'RISOLUTO_PORT',
  'RISOLUTO_WRITE_TOKEN',
  'RISOLUTO_READ_TOKEN',
  'RISOLUTO_TRUST_PROXY',
  'RISOLUTO_WORKSPACES_DIR',
  'RISOLUTO_CONFIG',
  'RISOLUTO_SECRETS_STORE',
  'RISOLUTO_LINEAR_WEBHOOK_SECRET',
  'RISOLUTO_LINEAR_WEBHOOK_SECRET_PREVIOUS',
  'RISOLUTO_LOG_LEVEL',
] as const;

/** The one in use, and the one that it takes the place of. */
const LINEAR_SECRETS = [
  'RISOLUTO_LINEAR_WEBHOOK_SECRET',
  'RISOLUTO_LINEAR_WEBHOOK_SECRET_PREVIOUS',
] as const;

/** Variables whose feature this version does not have: to accept them would be to ignore them. */
const NOT_AVAILABLE: Readonly<Record<string, string>> = {
  DATABASE_URL: 'PostgreSQL is not supported by this version; unset it to use SQLite',
  REDIS_URL: 'Redis is not supported by this version; unset it',
};

export type EnvironmentSettings = Pick<
  Settings,
  | 'server'
  | 'auth'
  | 'linearWebhookSecrets'
  | 'masterKey'
  | 'previousMasterKey'
  | 'secretsStore'
  | 'paths'
  | 'dockerHost'
  | 'logLevel'
> & { readonly configFileRequired: boolean };

/**
 * Reads the flat environment into settings. An empty variable counts as unset. Every problem is
 * handed to `report` as one line that names the variable and the rule, never the value.
 */
export function readEnvironment(
  env: NodeJS.ProcessEnv,
  report: (problem: string) => void,
): EnvironmentSettings {
  const get = (name: string): string | undefined => env[name] || undefined;

  for (const name of Object.keys(env)) {
    if (!name.startsWith('RISOLUTO_') || OUR_VARIABLES.some((known) => known === name)) continue;
    const near = nearestKey(name, OUR_VARIABLES);
    report(`${name}: unknown variable${near ? `; did you mean ${near}?` : ''}`);
  }
  for (const [name, why] of Object.entries(NOT_AVAILABLE)) if (get(name)) report(`${name}: ${why}`);

  return {
    server: {
      bind: readBind(get('RISOLUTO_BIND'), report),
      port: readPort(get('RISOLUTO_PORT'), report),
      trustProxy: readTrustProxy(get('RISOLUTO_TRUST_PROXY'), report),
    },
    auth: {
      writeToken: readToken('RISOLUTO_WRITE_TOKEN', get('RISOLUTO_WRITE_TOKEN'), report),
      readToken: readToken('RISOLUTO_READ_TOKEN', get('RISOLUTO_READ_TOKEN'), report),
    },
    linearWebhookSecrets: LINEAR_SECRETS.flatMap(
      (name) => readToken(name, get(name), report) ?? [],
    ),
    ...readMasterKeys(get, report),
    secretsStore: readSecretsStore(get('RISOLUTO_SECRETS_STORE'), report),
    paths: {
      dataDir: resolve(get('DATA_DIR') ?? '.risoluto'),
      workspacesDir: resolve(
        get('RISOLUTO_WORKSPACES_DIR') ??
          resolve(get('DATA_DIR') ?? '.risoluto', '..', 'risoluto-workspaces'),
      ),
      configFile: resolve(get('RISOLUTO_CONFIG') ?? 'config/risoluto.yaml'),
      masterKeyFile: absoluteOrNull(get('MASTER_KEY_FILE')),
      previousMasterKeyFile: absoluteOrNull(get('MASTER_KEY_PREVIOUS_FILE')),
    },
    configFileRequired: get('RISOLUTO_CONFIG') !== undefined,
    dockerHost: readDockerHost(get('DOCKER_HOST'), report),
    logLevel: readLogLevel(get('RISOLUTO_LOG_LEVEL'), report),
  };
}

function readBind(value: string | undefined, report: (problem: string) => void): string {
  if (value === undefined) return '127.0.0.1';
  if (isIP(value) === 0 && value !== 'localhost') {
    report('RISOLUTO_BIND: must be an IP address, such as 127.0.0.1 or 0.0.0.0');
  }
  return value;
}

function readPort(value: string | undefined, report: (problem: string) => void): number {
  if (value === undefined) return 4000;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) report('RISOLUTO_PORT: must be a whole number, 0 to 65535');
  return port;
}

function readTrustProxy(
  value: string | undefined,
  report: (problem: string) => void,
): readonly string[] {
  const entries = (value ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  entries.forEach((entry, index) => {
    if (!isAddressOrRange(entry)) {
      report(
        `RISOLUTO_TRUST_PROXY: entry ${index + 1} must be an IP address or a CIDR range; ` +
          'name the proxies, a count or "true" is not taken',
      );
    }
  });
  return entries;
}

function isAddressOrRange(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^\d{1,3}$/.test(prefix)) return false;
  try {
    new BlockList().addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6');
    return true;
  } catch {
    return false; // BlockList throws on a prefix longer than the address.
  }
}

function readToken(
  name: string,
  value: string | undefined,
  report: (problem: string) => void,
): Redacted | null {
  if (value === undefined) return null;
  if (!BEARER_TOKEN.test(value)) {
    report(`${name}: must be at most 512 visible ASCII characters, without spaces`);
  }
  return new Redacted(value);
}

function readSecretsStore(
  value: string | undefined,
  report: (problem: string) => void,
): SecretsStoreKind {
  if (value === undefined || value === 'database') return 'database';
  if (value !== 'file') report('RISOLUTO_SECRETS_STORE: must be database or file');
  return 'file';
}

function absoluteOrNull(path: string | undefined): string | null {
  return path === undefined ? null : resolve(path);
}

function readDockerHost(
  value: string | undefined,
  report: (problem: string) => void,
): string | null {
  if (value === undefined) return null;
  if (!/^(unix:\/\/\/.+|tcp:\/\/[^/]+|https?:\/\/[^/]+)/.test(value)) {
    report('DOCKER_HOST: must begin with unix:/// or tcp://');
  }
  return value;
}

function readLogLevel(value: string | undefined, report: (problem: string) => void): LogLevel {
  if (value === undefined) return 'info';
  const level = LOG_LEVELS.find((known) => known === value);
  if (level === undefined) report(`RISOLUTO_LOG_LEVEL: must be one of ${LOG_LEVELS.join(', ')}`);
  return level ?? 'info';
}
