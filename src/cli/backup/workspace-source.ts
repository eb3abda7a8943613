import type { Readable } from 'node:stream';

import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';
import { isTransient, ServiceRefusal } from '../service/service-error.js';
import { isIssueKey } from '../../workspaces/issue-key.js';

/** The newest row of a service's audit trail. */
export interface TrailRow {
  seq: number;
  hash: string;
}

/** Why a workspace did not come, and whether it may come a little later. */
export interface Missed {
  reason: string;
  transient: boolean;
}

/** The workspaces of a running service, which alone may look into them. */
export class WorkspaceSource {
  constructor(
    private readonly client: ServiceClient,
    /** How long those that are in use are waited for, all together. */
    readonly waitMs: number,
  ) {}

  get url(): string {
    return this.client.url;
  }

  /** By which one tells whose data directory the service has; `null` where the trail is empty. */
  async newestRow(): Promise<TrailRow | null> {
    const { items } = await this.client.get<{ items: TrailRow[] }>('/audit', {
      query: { limit: 1 },
    });
    return items[0] ?? null;
  }

  /** All issues that may have one. @throws CliError */
  async issues(): Promise<string[]> {
    const found: string[] = [];
    for await (const { issue } of this.client.list<{ issue: string }>('/workspaces')) {
      // It becomes the name of a member.
      if (isIssueKey(issue)) found.push(issue);
    }
    return found;
  }

  /** The workspace as tar.gz. @throws what `missed` explains */
  open(issue: string): Promise<Readable> {
    const path = `/workspaces/${encodeURIComponent(issue)}/archive`;
    return this.client.stream(path, { headers: { accept: 'application/gzip' } });
  }

  /**
   * What an error of `open`, or of reading what it gave, means for this one workspace; `null` where there
   * is none of the issue.
   *
   * @throws the error itself where no other workspace would come either
   */
  missed(error: unknown): Missed | null {
    if (error instanceof ServiceRefusal && error.code === 'workspace_not_found') return null;
    if (error instanceof CliError) {
      if (error.exitCode === EXIT.unauthorized) throw error;
      return { reason: error.code, transient: isTransient(error) };
    }
    return { reason: 'cut_off', transient: true };
  }
}
