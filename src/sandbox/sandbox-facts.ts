import { Injectable, type OnModuleInit } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { RuntimeFacts } from '../kernel/runtime-facts.js';
import { runtimeOf } from './runtime-controls.js';
import { profileName } from './seccomp/profile-name.js';

/** Says at `/runtime` which walls every sandbox of this service has. */
@Injectable()
export class SandboxFacts implements OnModuleInit {
  constructor(
    private readonly settings: Settings,
    private readonly facts: RuntimeFacts,
  ) {}

  onModuleInit(): void {
    const { gvisor, seccompProfile } = this.settings.codex.sandbox.security;
    const walls = {
      runtime: runtimeOf(gvisor),
      seccompProfile: profileName(seccompProfile, gvisor),
    };
    this.facts.register({ name: 'sandbox', describe: () => walls });
  }
}
