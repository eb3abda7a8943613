import type { Cli } from '../cli.js';
import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';
import { remarking } from '../waiting.js';
import { checkDownload, download } from './download.js';
import type { Interrupts } from './interrupts.js';
import type { Persistent } from './persistent.js';
import { NothingStarted } from './submission.js';
import { checkUpload, upload } from './upload.js';

const MOST_TOLD = 20;

/** The files of a run: its checkout on the way in, its artefacts on the way back. */
export class Transfers {
  #told = 0;

  constructor(
    private readonly cli: Cli,
    private readonly client: ServiceClient,
    private readonly persistent: Persistent,
    private readonly plan: { upload: string | null; download: string | null },
  ) {}

  /** Before the run, and before anything is sent where the directories are wrong. @throws CliError, NothingStarted */
  async begin(issue: string, interrupts: Interrupts): Promise<void> {
    const { upload: from, download: into } = this.plan;
    if (into !== null) await checkDownload(into);
    if (from === null) return;
    await checkUpload(from);
    const { signal } = interrupts;
    const options = { directory: from, leftOut: (path: string) => this.#leftOut(path), signal };
    try {
      const sent = this.persistent.call(
        () => {
          if (interrupts.happened) throw new NothingStarted();
          return upload(this.client, issue, options);
        },
        { wake: signal },
      );
      await remarking(this.cli, `sending ${from}`, sent);
    } catch (error) {
      throw interrupts.happened ? new NothingStarted() : error;
    }
  }

  /** After the run: its exit code, unless that was 0 and its files did not come. @throws CliError */
  async end(issue: string, exitCode: number): Promise<number> {
    const { download: directory } = this.plan;
    if (directory === null) return exitCode;
    const leftOut = (what: string) => this.#leftOut(what);
    try {
      const fetched = this.persistent.call(() =>
        download(this.client, issue, { directory, leftOut }),
      );
      await remarking(this.cli, `fetching the workspace into ${directory}`, fetched);
    } catch (error) {
      if (exitCode === EXIT.ok || !(error instanceof CliError)) throw error;
      this.cli.note(error.message);
    }
    return exitCode;
  }

  #leftOut(what: string): void {
    this.#told += 1;
    if (this.#told <= MOST_TOLD) this.cli.note(`left out: ${what}`);
    else if (this.#told === MOST_TOLD + 1) this.cli.note('left out: and more');
  }
}
