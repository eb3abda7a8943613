import { Injectable } from '@nestjs/common';

import { decodeCursor, encodeCursor, invalidCursor, type Page } from '../http/pagination.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import { ISSUE_RULE, isIssueKey } from './issue-key.js';
import { WorkspaceHost } from './workspace-host.js';
import { WorkspaceShelf } from './workspace-shelf.js';
import { WorkspaceSizes, type WorkspaceSize } from './workspace-sizes.js';
import { WorkspaceTrash } from './workspace-trash.js';

export interface WorkspaceLine {
  issue: string;
  size: WorkspaceSize | null;
}

/** How long a list waits for what is being measured. */
const PATIENCE_MS = 3000;

/** Which workspaces there are, and their end. */
@Injectable()
export class WorkspaceCatalogue {
  constructor(
    private readonly shelf: WorkspaceShelf,
    private readonly sizes: WorkspaceSizes,
    private readonly trash: WorkspaceTrash,
    private readonly host: WorkspaceHost,
    private readonly transactions: Transactions,
  ) {}

  /** By name. @throws DomainError `invalid_cursor` */
  async page(limit: number, cursor: string | undefined): Promise<Page<WorkspaceLine>> {
    const after = cursor === undefined ? '' : issueOf(cursor);
    const rest = (await this.shelf.issues()).filter((issue) => issue > after);
    const issues = rest.slice(0, limit);
    await this.sizes.refresh(issues, PATIENCE_MS);
    const last = issues.at(-1);
    const more = rest.length > issues.length && last !== undefined;
    return {
      items: issues.map((issue) => ({ issue, size: this.sizes.get(issue) })),
      nextCursor: more ? encodeCursor([last]) : null,
    };
  }

  /**
   * Removes workspace and HOME; they are gone when it resolves, and their space is free soon after.
   *
   * @throws DomainError `validation_failed`, `workspace_not_found`, `workspace_busy`
   */
  async remove(issue: string, origin: Origin): Promise<void> {
    checkIssue(issue);
    const release = await this.host.lease.hold(issue);
    try {
      if ((await this.shelf.directoriesOf(issue)).length === 0) throw noWorkspace();
      await this.transactions.run(origin, (tx) => {
        tx.audit({ action: 'workspace.deleted', target: issue });
        return Promise.resolve();
      });
      await this.shelf.discard(issue);
      this.sizes.forget(issue);
    } finally {
      release();
    }
    this.trash.collect();
  }
}

/** @throws DomainError `validation_failed` */
export function checkIssue(issue: string): void {
  if (isIssueKey(issue)) return;
  throw new DomainError('validation_failed', 'The issue is not valid', {
    details: [{ field: 'issue', message: ISSUE_RULE }],
  });
}

export function noWorkspace(): DomainError {
  return new DomainError('workspace_not_found', 'There is no workspace of this issue');
}

function issueOf(cursor: string): string {
  const [issue, ...rest] = decodeCursor(cursor);
  if (typeof issue === 'string' && isIssueKey(issue) && rest.length === 0) return issue;
  throw invalidCursor();
}
