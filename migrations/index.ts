import { CreateStorageProbe1795392000000 } from './1795392000000-create-storage-probe.js';
import { CreateAuditRows1795392100000 } from './1795392100000-create-audit-rows.js';
import { CreateEncryptedSecrets1795392200000 } from './1795392200000-create-encrypted-secrets.js';
import { CreateRuns1795393000000 } from './1795393000000-create-runs.js';
import { CreateRunningCommands1795394000000 } from './1795394000000-create-running-commands.js';
import { CreateHardeningAcknowledgements1795394100000 } from './1795394100000-create-hardening-acknowledgements.js';
import { AddSecretsFile1795395000000 } from './1795395000000-add-secrets-file.js';
import { CreateConfigOverlays1795395300000 } from './1795395300000-create-config-overlays.js';
import { AddCommandBegun1795395500000 } from './1795395500000-add-command-begun.js';
import { CreateRetentionClock1795481000000 } from './1795481000000-create-retention-clock.js';
import { CreateEgressDecisions1795482000000 } from './1795482000000-create-egress-decisions.js';
import { AddClockAhead1795482100000 } from './1795482100000-add-clock-ahead.js';
import { CreateRunTurns1795483000000 } from './1795483000000-create-run-turns.js';
import { CreateWebhookDeliveries1795484000000 } from './1795484000000-create-webhook-deliveries.js';
import { CreateOutbox1795490000000 } from './1795490000000-create-outbox.js';
import { AddDecisionRequests1795491000000 } from './1795491000000-add-decision-requests.js';
import { AddRunBase1795492000000 } from './1795492000000-add-run-base.js';
import { CreateAgentRuns1795560000000 } from './1795560000000-create-agent-runs.js';
import { AddRunUsage1795570000000 } from './1795570000000-add-run-usage.js';
import { CreateApprovals1795571000000 } from './1795571000000-create-approvals.js';
import { CreateCodexLogins1795572000000 } from './1795572000000-create-codex-logins.js';

/** Every migration, in the order of its time stamp; none is ever edited or removed once released. */
export const migrations = [
  CreateStorageProbe1795392000000,
  CreateAuditRows1795392100000,
  CreateEncryptedSecrets1795392200000,
  CreateRuns1795393000000,
  CreateRunningCommands1795394000000,
  CreateHardeningAcknowledgements1795394100000,
  AddSecretsFile1795395000000,
  CreateConfigOverlays1795395300000,
  AddCommandBegun1795395500000,
  CreateRetentionClock1795481000000,
  CreateEgressDecisions1795482000000,
  AddClockAhead1795482100000,
  CreateRunTurns1795483000000,
  CreateWebhookDeliveries1795484000000,
  CreateOutbox1795490000000,
  AddDecisionRequests1795491000000,
  AddRunBase1795492000000,
  CreateAgentRuns1795560000000,
  AddRunUsage1795570000000,
  CreateApprovals1795571000000,
  CreateCodexLogins1795572000000,
];
