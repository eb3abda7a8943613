import { Module, type OnModuleDestroy } from '@nestjs/common';

import { AuditModule } from '../audit/audit.module.js';
import { EgressModule } from '../egress/egress.module.js';
import { RetentionTasks } from '../kernel/retention.js';
import { DataDirectory } from '../persistence/data-directory.js';
import { Transactions } from '../persistence/transactions.js';
import { SandboxModule } from '../sandbox/sandbox.module.js';
import { SecretsModule } from '../secrets/secrets.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ActiveRuns } from './active-runs.js';
import { AdoptStep } from './adoption/adopt.step.js';
import { AdoptedAgents } from './adoption/adopted-agents.js';
import { AdoptedOutput } from './adoption/adopted-output.js';
import { AdoptedRuns } from './adoption/adopted-runs.js';
import { HostInventory } from './adoption/host-inventory.js';
import { InterruptedRuns } from './adoption/interrupted-runs.js';
import { UnadoptableRuns } from './adoption/unadoptable-runs.js';
import { UnreadableOutput } from './adoption/unreadable-output.js';
import { AgentAttempts } from './agents/agent-attempts.js';
import { AgentConduct } from './agents/agent-conduct.js';
import { AgentRunRepository } from './agents/agent-run.repository.js';
import { TurnDrivers } from './agents/turn-driver.js';
import { CompactionController } from './api/compaction.controller.js';
import { RunDiffController } from './api/run-diff.controller.js';
import { RunEgressController } from './api/run-egress.controller.js';
import { RunOutputController } from './api/run-output.controller.js';
import { RunsController } from './api/runs.controller.js';
import { TurnsController } from './api/turns.controller.js';
import { CancelSignal, LocalCancelSignal } from './cancel-signal.js';
import { DataDiskFloor } from './data-disk-floor.js';
import { DirectoryGift } from './directory-gift.js';
import { DiffHelper } from './diff/diff-helper.js';
import { RunDiffRepository } from './diff/run-diff.repository.js';
import { RunDiffs } from './diff/run-diffs.js';
import { DiskMeter } from './disk-meter.js';
import { Dispatcher } from './dispatcher.js';
import { DecisionFollower } from './egress/decision-follower.js';
import { HostReadiness } from './host-readiness.js';
import { HostStartup } from './host-startup.js';
import { IdempotencyKeys } from './idempotency-key.repository.js';
import { Leftovers } from './leftovers.js';
import { LineObstacles } from './line-obstacles.js';
import { ContainerFenceHelper } from './fence-helper.js';
import { FencedNetworks } from './fenced-networks.js';
import { NetworkGate } from './network-gate.js';
import { FileOutputLog } from './output/file-output-log.js';
import { OutputFollower } from './output/output-follower.js';
import { OutputLog } from './output/output-log.js';
import { OutputRecording } from './output/output-recording.js';
import { OutputTail } from './output/output-tail.js';
import { OutputUpkeep } from './output/output-upkeep.js';
import { ExpiredIdempotencyKeys } from './retention/expired-idempotency-keys.js';
import { ExpiredRuns } from './retention/expired-runs.js';
import { CodexLoginStore } from './routes/codex-auth/codex-login-store.js';
import { CodexLogins } from './routes/codex-auth/codex-logins.js';
import { RouteSecrets } from './routes/route-secrets.js';
import { ResolvFiles } from './resolv-files.js';
import { RunRemoval } from './retention/run-removal.js';
import { SurplusRuns } from './retention/surplus-runs.repository.js';
import { RunAdmission } from './run-admission.js';
import { RunCancellation } from './run-cancellation.js';
import { RunChanges } from './run-changes.js';
import { RunClosing } from './run-closing.js';
import { RunExecutor } from './run-executor.js';
import { RunIntake } from './run-intake.js';
import { RunListeners } from './run-listener.js';
import { RunNetwork } from './run-network.js';
import { DatabaseRunQueue, RunQueue } from './run-queue.js';
import { RunRequestJudge } from './run-request-judge.js';
import { RunSignals } from './run-signals.js';
import { RunStates } from './run-states.js';
import { RunValuesKeeper } from './run-values-keeper.js';
import { RunRepository } from './run.repository.js';
import { RunsService } from './runs.service.js';
import { RunUsageRepository } from './usage/run-usage.repository.js';
import { RunUsages } from './usage/run-usages.js';
import { SandboxHost } from './sandbox-host.js';
import { BeginStep } from './steps/begin.step.js';
import { ConductStep } from './steps/conduct.step.js';
import { FinishStep } from './steps/finish.step.js';
import { GiveBack } from './steps/give-back.js';
import { PrepareStep } from './steps/prepare.step.js';
import { TurnWork } from './turn-work.js';
import { IdleRuns } from './turns/idle-runs.js';
import { TurnIntake } from './turns/turn-intake.js';
import { TurnRepository } from './turns/turn.repository.js';
import { TurnsService } from './turns/turns.service.js';
import { WaitingRoom } from './waiting-room.js';
import { ContainerWorkspaceTools } from './workspaces/container-workspace-tools.js';
import { HeldWorkspaces } from './workspaces/held-workspaces.js';
import { RunWorkspaceLease } from './workspaces/run-workspace-lease.js';

@Module({
  imports: [AuditModule, EgressModule, SandboxModule, SecretsModule, WorkspacesModule],
  controllers: [
    RunsController,
    RunOutputController,
    RunEgressController,
    CompactionController,
    RunDiffController,
    TurnsController,
  ],
  providers: [
    { provide: CancelSignal, useClass: LocalCancelSignal },
    {
      provide: OutputLog,
      inject: [DataDirectory],
      useFactory: (directory: DataDirectory) => new FileOutputLog(directory.path('output')),
    },
    { provide: RunQueue, useClass: DatabaseRunQueue },
    ActiveRuns,
    AdoptStep,
    AdoptedAgents,
    AdoptedOutput,
    AdoptedRuns,
    AgentAttempts,
    AgentConduct,
    AgentRunRepository,
    BeginStep,
    CodexLoginStore,
    CodexLogins,
    ConductStep,
    ContainerFenceHelper,
    ContainerWorkspaceTools,
    DecisionFollower,
    DiffHelper,
    DataDiskFloor,
    DirectoryGift,
    DiskMeter,
    Dispatcher,
    ExpiredIdempotencyKeys,
    ExpiredRuns,
    FencedNetworks,
    FinishStep,
    GiveBack,
    HostInventory,
    HostReadiness,
    HeldWorkspaces,
    HostStartup,
    IdempotencyKeys,
    IdleRuns,
    InterruptedRuns,
    Leftovers,
    LineObstacles,
    NetworkGate,
    OutputFollower,
    OutputRecording,
    OutputTail,
    OutputUpkeep,
    PrepareStep,
    ResolvFiles,
    RouteSecrets,
    RunAdmission,
    RunCancellation,
    RunChanges,
    RunDiffRepository,
    RunDiffs,
    RunClosing,
    RunExecutor,
    RunIntake,
    RunListeners,
    RunNetwork,
    RunRepository,
    RunRequestJudge,
    RunSignals,
    RunStates,
    RunValuesKeeper,
    RunWorkspaceLease,
    RunUsageRepository,
    RunUsages,
    RunsService,
    SandboxHost,
    RunRemoval,
    SurplusRuns,
    TurnDrivers,
    TurnIntake,
    TurnRepository,
    TurnWork,
    TurnsService,
    UnadoptableRuns,
    UnreadableOutput,
    WaitingRoom,
  ],
  exports: [
    FencedNetworks,
    OutputTail,
    RunListeners,
    RunsService,
    SandboxHost,
    TurnDrivers,
    RunUsages,
  ],
})
export class RunsModule implements OnModuleDestroy {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly transactions: Transactions,
    tasks: RetentionTasks,
    runs: ExpiredRuns,
    keys: ExpiredIdempotencyKeys,
  ) {
    for (const task of [runs, keys]) tasks.register(task);
  }

  /** Before the server closes, so that streams end with a word and runs with an outcome. */
  onModuleDestroy(): Promise<void> {
    this.transactions.hasten();
    return this.dispatcher.stop();
  }
}
