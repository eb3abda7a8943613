import { Command, InvalidArgumentError } from 'commander';

import type { AuditPage, VerificationView } from '../../audit/dto/audit-view.js';
import { BREAK_REASONS } from '../audit/break-reasons.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { throughServiceOrDirectory } from '../offline/service-or-directory.js';
import { serviceCommand } from '../service-command.js';
import { textTable } from '../text-table.js';
import { remarking } from '../waiting.js';

/** A million rows take the service about six seconds of one core. */
const VERIFY_TIMEOUT_MS = 15 * 60_000;
const MOST_ROWS = 200;

const WHERE =
  'Through the service; while it is down, in its data directory itself (DATA_DIR as for the service), unless an address was given.';

export function auditCommand(cli: Cli): Command {
  const command = new Command('audit')
    .description('read and verify the audit trail')
    .addCommand(verifyCommand(cli))
    .addCommand(listCommand(cli));
  return withExamples(command, {
    does: 'is the trail whole?',
    line: 'npx risoluto audit verify',
  });
}

function verifyCommand(cli: Cli): Command {
  const command = serviceCommand('verify')
    .summary('recompute the hash chain')
    .description(
      `Recomputes the chain of hashes and compares its end with the one kept outside the table. Exits with 1 when the trail is not whole, and names the first row that is not what was written.\n\n${WHERE}`,
    )
    .option('--full', 'from the first row, not from the last checkpoint; needs write access')
    .action(async ({ full = false }: { full?: boolean }) => {
      const verified = throughServiceOrDirectory<VerificationView>(cli, command, {
        task: 'audit',
        online: (service) =>
          service.get('/audit/verify', {
            query: full ? { full: 'true' } : {},
            timeoutMs: VERIFY_TIMEOUT_MS,
          }),
        offline: ({ auditVerifier }) => auditVerifier.verify(full),
      });
      const busy = 'verifying; a million rows take some seconds';
      const result = await remarking(cli, busy, verified);
      cli.print(result, () => describe(result));
      if (!result.ok) cli.exitCode = EXIT.negative;
    });
  return withExamples(
    command,
    { does: 'what was added since the last time', line: 'npx risoluto audit verify' },
    { does: 'everything, for a script', line: 'npx risoluto audit verify --full --json' },
  );
}

function describe({ ok, checked, firstBroken }: VerificationView): string {
  const rows = `${checked} ${checked === 1 ? 'row' : 'rows'} checked`;
  if (ok || firstBroken === null) return `the audit trail is whole; ${rows}`;
  const { seq, reason } = firstBroken;
  const meaning = (BREAK_REASONS as Readonly<Record<string, string>>)[reason];
  const why = meaning === undefined ? reason : `${reason}, ${meaning}`;
  return `THE AUDIT TRAIL IS NOT WHOLE; ${rows}\nfirst at row ${seq}: ${why}`;
}

interface ListOptions {
  limit: number;
  actor?: string;
  action?: string;
  target?: string;
}

function listCommand(cli: Cli): Command {
  const command = serviceCommand('list')
    .summary('show the newest rows')
    .description(`Shows the newest rows of the audit trail, newest first.\n\n${WHERE}`)
    .option('--limit <rows>', `how many, at most ${MOST_ROWS}`, rowLimit, 50)
    .option('--actor <actor>', 'only what this actor did')
    .option('--action <action>', 'only this action, such as secret.set')
    .option('--target <target>', 'only what was done to this')
    .action(async ({ limit, actor, action, target }: ListOptions) => {
      const filter = {
        ...(actor !== undefined && { actor }),
        ...(action !== undefined && { action }),
        ...(target !== undefined && { target }),
      };
      const page = await throughServiceOrDirectory<AuditPage>(cli, command, {
        task: 'audit',
        online: (service) => service.get('/audit', { query: { limit, ...filter } }),
        offline: async ({ auditLog }) => {
          const { viewOf } = await import('../../audit/dto/audit-view.js');
          const { items, nextCursor } = await auditLog.page(filter, limit);
          return { items: items.map(viewOf), nextCursor };
        },
      });
      cli.print(page, () => describePage(page));
    });
  return withExamples(
    command,
    { does: 'the last five changes', line: 'npx risoluto audit list --limit 5' },
    { does: 'who changed a secret', line: 'npx risoluto audit list --target GREETING --json' },
  );
}

function rowLimit(text: string): number {
  const limit = Number(text);
  if (/^\d{1,3}$/.test(text) && limit >= 1 && limit <= MOST_ROWS) return limit;
  throw new InvalidArgumentError(`must be 1 to ${MOST_ROWS}`);
}

function describePage({ items }: AuditPage): string {
  if (items.length === 0) return 'no rows';
  const rows = items.map(({ seq, at, actor, action, target }) => [
    String(seq),
    at,
    actor,
    action,
    target,
  ]);
  return textTable(['SEQ', 'AT', 'ACTOR', 'ACTION', 'TARGET'], rows);
}
