import type { Settings } from '../config/settings.js';

const SET = '[REDACTED]';

/**
 * The effective settings as a client may see them: a secret shows only that it is set. What the
 * environment decides stands under `environment`, the rest in the shape of `risoluto.yaml`.
 */
export function configView(settings: Settings): Record<string, unknown> {
  const { server, auth, paths, dockerHost, logLevel } = settings;
  const redacted = (secret: unknown) => (secret === null ? null : SET);
  return {
    environment: {
      bind: server.bind,
      port: server.port,
      trustProxy: server.trustProxy,
      writeToken: redacted(auth.writeToken),
      readToken: redacted(auth.readToken),
      masterKey: redacted(settings.masterKey),
      previousMasterKey: redacted(settings.previousMasterKey),
      secretsStore: settings.secretsStore,
      dataDir: paths.dataDir,
      workspacesDir: paths.workspacesDir,
      config: paths.configFile,
      // It may carry a user and a password.
      dockerHost: dockerHost?.replace(/\/\/[^@/]*@/, `//${SET}@`) ?? null,
      logLevel,
    },
    rateLimits: settings.rateLimits,
    runs: settings.runs,
    retention: settings.retention,
    webhooks: settings.webhooks,
    codex: settings.codex,
    dispatch: settings.dispatch,
  };
}
