import { pipeline, type Readable } from 'node:stream';
import { createGzip } from 'node:zlib';

import { Injectable, Logger } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { TarFraming, throughFraming } from './archive/tar-framing.js';
import { checkIssue, noWorkspace } from './workspace-catalogue.js';
import { WorkspaceHost, type Release } from './workspace-host.js';
import { Workspaces } from './workspaces.service.js';
import { WorkspaceShelf } from './workspace-shelf.js';

const MOST_AT_ONCE = 4;
/** Of the disk limit: a run that passes it is stopped a little later, and its files are asked for. */
const MOST_SHARE = 2;
/** Files, directories, symbolic and hard links. */
const KEPT_TYPES = new Set(['0', '1', '2', '5']);

/** Workspaces on their way out. */
@Injectable()
export class WorkspaceDownloads {
  readonly #logger = new Logger('Workspaces');
  #open = 0;

  constructor(
    private readonly settings: Settings,
    private readonly shelf: WorkspaceShelf,
    private readonly host: WorkspaceHost,
    private readonly workspaces: Workspaces,
  ) {}

  /** @throws DomainError `validation_failed`, `workspace_not_found` */
  async check(issue: string): Promise<void> {
    checkIssue(issue);
    const { workspaceDir } = this.workspaces.pathsOf(issue);
    if (!(await this.shelf.directoriesOf(issue)).includes(workspaceDir)) throw noWorkspace();
  }

  /**
   * The workspace as tar.gz, without HOME; no run of the issue begins until the stream is destroyed or
   * read to its end. It fails in its middle rather than end without all there is. Sockets, FIFOs and
   * devices are left out.
   *
   * @throws DomainError as `check`, and `workspace_busy`, `too_many_streams`, `archive_too_large`,
   *   `engine_unavailable`, `control_unavailable`
   */
  async open(issue: string): Promise<Readable> {
    await this.check(issue);
    if (this.#open >= MOST_AT_ONCE) {
      throw new DomainError('too_many_streams', 'Too many archives are being read; try again', {
        retryAfterSeconds: 5,
      });
    }
    this.#open += 1;
    let release: Release | null = null;
    try {
      release = await this.host.lease.hold(issue);
      await this.check(issue);
      const { workspaceDir } = this.workspaces.pathsOf(issue);
      const tar = await this.host.tools.pack(workspaceDir, this.#mostBytes);
      return this.#packed(issue, tar, release);
    } catch (error) {
      this.#open -= 1;
      release?.();
      throw error;
    }
  }

  get #mostBytes(): number {
    return MOST_SHARE * this.settings.codex.sandbox.resources.workspace;
  }

  #packed(issue: string, tar: Readable, release: Release): Readable {
    let leftOut = 0;
    const framing = new TarFraming({
      keeps: (type) => KEPT_TYPES.has(type),
      onDropped: () => (leftOut += 1),
      mostBytes: this.#mostBytes,
    });
    const packed = createGzip({ level: 1 });
    // The helper has the workspace until then, also where the client is long gone.
    tar.once('close', () => {
      this.#open -= 1;
      release();
    });
    pipeline(tar, throughFraming(framing), packed, (error) => {
      if (leftOut > 0) this.#logger.log(`${issue}: ${leftOut} FIFOs or devices left out`);
      const left = (error as NodeJS.ErrnoException | undefined)?.code;
      if (error && left !== 'ERR_STREAM_PREMATURE_CLOSE') {
        this.#logger.error(`the archive of ${issue} was cut off`, error);
      }
    });
    return packed;
  }
}
