import { Inject, Module } from '@nestjs/common';

import { RetentionTasks } from '../../kernel/retention.js';
import { TurnDrivers } from '../../runs/agents/turn-driver.js';
import { RunsModule } from '../../runs/runs.module.js';
import { ApprovalsController } from '../api/approvals.controller.js';
import { CurrentTurnController } from '../api/current-turn.controller.js';
import { ApprovalRepository } from '../approvals/approval.repository.js';
import { ExpiredApprovals } from '../approvals/expired-approvals.js';
import { Approvals } from '../approvals/approvals.service.js';
import { LiveTurns } from '../live-turns.js';
import { TurnDirection } from '../turn-direction.js';
import { CodexOutside } from './codex-outside.js';
import { CodexDriver } from './codex.driver.js';
import { Outside } from './outside.js';

/** Codex, and what people may have it do. */
@Module({
  imports: [RunsModule],
  controllers: [ApprovalsController, CurrentTurnController],
  providers: [
    ApprovalRepository,
    Approvals,
    CodexDriver,
    ExpiredApprovals,
    LiveTurns,
    TurnDirection,
    { provide: Outside, useClass: CodexOutside },
  ],
})
export class CodexModule {
  /** Here and not later: runs of an earlier process go on as soon as modules are initialised. */
  constructor(
    @Inject(TurnDrivers) drivers: TurnDrivers,
    driver: CodexDriver,
    tasks: RetentionTasks,
    approvals: ExpiredApprovals,
  ) {
    drivers.register(driver);
    tasks.register(approvals);
  }
}
