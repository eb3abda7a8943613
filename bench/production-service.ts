import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startService, type RunningService } from '../test/support/service.js';
import { ON_FIRST_CORE } from './one-core.js';

export interface ProductionService {
  readonly service: RunningService;
  stop(): Promise<void>;
}

/**
 * The built service as it runs in production, on the first core: its log goes to a file, and its
 * limit counts every request but lets all of them pass.
 */
export async function startInProduction(
  dataDir?: string,
  env: Record<string, string> = {},
): Promise<ProductionService> {
  const logs = mkdtempSync(join(tmpdir(), 'risoluto-bench-'));
  const toFile = ['sh', '-c', 'exec "$@" >>"$0" 2>&1', join(logs, 'log')];
  const service = await startService({
    env: { NODE_ENV: 'production', RISOLUTO_LOG_LEVEL: 'info', ...env },
    yaml: {
      rateLimits: { api: { limit: 1_000_000_000 }, webhooks: { limit: 1_000_000_000 } },
    },
    wrapper: [...ON_FIRST_CORE, ...toFile],
    ...(dataDir !== undefined && { dataDir }),
  });
  return {
    service,
    async stop() {
      await service.stop();
      rmSync(logs, { recursive: true, force: true });
    },
  };
}
