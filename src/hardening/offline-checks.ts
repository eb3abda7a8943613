import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Settings } from '../config/settings.js';
import { SystemClock } from '../kernel/clock.js';
import {
  HardeningChecks,
  notChecked,
  type HardeningCheck,
  type HardeningFinding,
} from '../kernel/hardening.js';
import { Metrics } from '../metrics/metrics.js';
import type { DataDirectory } from '../persistence/data-directory.js';
import { DockerEngine } from '../sandbox/docker/docker-engine.js';
import { HelperContainers } from '../sandbox/helper-containers.js';
import { LateRemovals } from '../sandbox/late-removals.js';
import { SandboxImages } from '../sandbox/sandbox-images.js';
import { inOrder } from './check-order.js';
import { HardeningReports } from './hardening-reports.js';
import { hostChecks } from './host-checks.js';
import { SERVICE_ITEMS } from './service-checks.js';

/**
 * The checklist of a service that does not run, with its settings: no server, no database, no run, and
 * nothing written but what a repair is asked for. What only the running service can tell says so.
 */
export function offlineReports(settings: Settings): HardeningReports {
  const engine = new DockerEngine(settings.dockerHost);
  const directory = unopened(settings.paths.dataDir);
  const ofHost = hostChecks({
    settings,
    engine,
    info: () => engine.info(),
    helpers: new HelperContainers(engine, settings, directory, new LateRemovals(engine)),
    images: new SandboxImages(engine, directory),
  });
  const checks = new HardeningChecks();
  const ofService = Object.entries(SERVICE_ITEMS).map(serviceOnly);
  for (const check of inOrder([...ofHost, ...ofService])) checks.register(check);
  return new HardeningReports(checks, new SystemClock(), new Metrics());
}

function serviceOnly([id, title]: [string, string]): HardeningCheck {
  return { id, title, kind: 'quick', check: cannotTell };
}

function cannotTell(): Promise<HardeningFinding> {
  return Promise.resolve(notChecked('the service is not running'));
}

/** The directory as it lies there; opening it would make it, or change its mode. */
function unopened(root: string): DataDirectory {
  const path = (...parts: string[]) => join(root, ...parts);
  return { root, path, instanceId: instanceIdIn(path('instance-id')), sync: () => undefined };
}

function instanceIdIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return 'none';
  }
}
