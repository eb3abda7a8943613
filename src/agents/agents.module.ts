import { Inject, Module } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { TurnDrivers } from '../runs/agents/turn-driver.js';
import { RunsModule } from '../runs/runs.module.js';
import { ExecDriver } from './exec/exec.driver.js';

/** The agents that this service has. A new kind is a driver of its own, registered here. */
@Module({ imports: [RunsModule] })
export class AgentsModule {
  /** Here and not later: runs of an earlier process go on as soon as modules are initialised. */
  constructor(@Inject(TurnDrivers) drivers: TurnDrivers, @Inject(Settings) settings: Settings) {
    for (const agent of settings.codex.agents.exec) drivers.register(new ExecDriver(agent));
  }
}
