import type { Command } from 'commander';

import { loadSettings } from '../../config/load-settings.js';
import type { HardeningRepairs, HardeningReport } from '../../hardening/dto/hardening.dto.js';
import type { Cli } from '../cli.js';
import { offlineError } from '../offline/offline-error.js';
import { addressWasGiven, nothingListens } from '../offline/service-or-directory.js';
import type { ServiceClient } from '../service-client.js';
import { serviceOf } from '../service-command.js';

/** A round that starts containers takes the service at most half a minute. */
const TIMEOUT_MS = 60_000;

export interface ChecklistSource {
  read(): Promise<HardeningReport>;
  repair(): Promise<HardeningRepairs>;
}

/**
 * The service's checklist, or that of this machine without the service where it does not answer and no
 * other address was named.
 */
export function checklistSource(cli: Cli, command: Command): ChecklistSource {
  const service = serviceOf(cli, command);
  const orOffline = async <T>(
    online: (service: ServiceClient) => Promise<T>,
    offline: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await online(service);
    } catch (error) {
      if (!nothingListens(error) || addressWasGiven(cli, command)) throw error;
      cli.note(`${service.url} does not answer: checked without the service`);
      return offline().catch((failure: unknown) => {
        throw offlineError(failure);
      });
    }
  };
  return {
    read: () =>
      orOffline(
        (one) => one.get<HardeningReport>('/hardening', { timeoutMs: TIMEOUT_MS }),
        async () => (await offlineReports(cli)).fresh(),
      ),
    repair: () =>
      orOffline(
        (one) =>
          one.request<HardeningRepairs>('POST', '/hardening/repairs', { timeoutMs: TIMEOUT_MS }),
        async () => {
          const reports = await offlineReports(cli);
          return { repairs: await reports.repair(), report: await reports.current() };
        },
      ),
  };
}

/** Loaded only where it is needed: it brings the engine's client and the checks along. */
async function offlineReports(cli: Cli) {
  await import('reflect-metadata');
  const { Logger } = await import('@nestjs/common');
  const hardening = await import('../../hardening/offline-checks.js');
  Logger.overrideLogger(false);
  return hardening.offlineReports(loadSettings(cli.environment));
}
