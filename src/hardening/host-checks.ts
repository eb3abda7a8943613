import { Logger } from '@nestjs/common';

import type { Settings } from '../config/settings.js';
import type { HardeningCheck } from '../kernel/hardening.js';
import type { ContainerEngine, EngineInfo } from '../sandbox/container-engine.js';
import type { HelperContainers } from '../sandbox/helper-containers.js';
import type { SandboxImages } from '../sandbox/sandbox-images.js';
import { AccessCheck } from './checks/access.check.js';
import { ClockCheck } from './checks/clock.check.js';
import { CredentialRoutesCheck } from './checks/credential-routes.check.js';
import { DiskSpaceCheck } from './checks/disk-space.check.js';
import { EgressCheck } from './checks/egress.check.js';
import {
  CgroupsCheck,
  MandatoryAccessControlCheck,
  SwapCheck,
  UserNamespacesCheck,
} from './checks/engine-host.checks.js';
import { EngineSocketCheck } from './checks/engine-socket.check.js';
import { EngineVersionsCheck } from './checks/engine-versions.check.js';
import { FileModesCheck } from './checks/file-modes.check.js';
import { GvisorCheck } from './checks/gvisor.check.js';
import { ImageCheck } from './checks/image.check.js';
import { MasterKeyCheck } from './checks/master-key.checks.js';
import { RateLimitsCheck } from './checks/rate-limits.check.js';
import { SeccompCheck } from './checks/seccomp.check.js';
import { SecurityDefaultsCheck } from './checks/security-defaults.check.js';
import { SourceRoutingCheck } from './checks/source-routing.check.js';

export interface HostFacts {
  readonly settings: Settings;
  readonly engine: ContainerEngine;
  /** May be a few seconds old. */
  readonly info: () => Promise<EngineInfo>;
  readonly helpers: HelperContainers;
  readonly images: SandboxImages;
}

/** What can be looked at with the settings and the engine alone, whether the service runs or not. */
export function hostChecks(facts: HostFacts): HardeningCheck[] {
  const { settings, engine, info, helpers, images } = facts;
  const { security, image } = settings.codex.sandbox;
  const configFile = settings.paths.configFile ?? 'config/risoluto.yaml';
  const logger = new Logger('Hardening');
  const log = (message: string, error: unknown) => logger.warn(message, error);
  const describe = () => engine.describe();
  return [
    new AccessCheck(settings),
    new SecurityDefaultsCheck(settings),
    new EgressCheck(settings),
    new CredentialRoutesCheck(settings),
    new GvisorCheck(info, helpers, security.gvisor, log),
    new SeccompCheck(info, helpers, security, configFile, log),
    new EngineVersionsCheck(describe),
    new EngineSocketCheck(settings.dockerHost),
    new UserNamespacesCheck(info, security.gvisor, configFile),
    new CgroupsCheck(info),
    new SwapCheck(async () => (await describe()).swapLimit),
    new MandatoryAccessControlCheck(info),
    new SourceRoutingCheck(),
    new ImageCheck(images, image, configFile),
    new MasterKeyCheck(settings.masterKey?.reveal().length ?? null),
    new FileModesCheck(settings.paths),
    new DiskSpaceCheck(settings),
    new ClockCheck(describe),
    new RateLimitsCheck(settings),
  ];
}
