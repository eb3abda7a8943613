import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium, type BrowserContext, type Page } from 'playwright-core';

/** Debian's, which `npm test` installs. */
const EXECUTABLE = '/usr/bin/chromium';

/** For a machine that carries several worlds at once. */
export const PATIENCE_MS = 30_000;

const ARGUMENTS = [
  // Root has no sandbox of Chromium's own; what it opens is this repository's page alone.
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-dev-shm-usage',
  '--no-proxy-server',
  // Names lead nowhere: the page is opened by address.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE 198.51.100.2',
];

/** A headless Chromium with a profile of its own, which goes when it is closed. */
export class Browser {
  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {}

  static async open(): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'risoluto-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: EXECUTABLE,
      headless: true,
      args: ARGUMENTS,
      viewport: { width: 1280, height: 1000 },
      env: { PATH: process.env.PATH ?? '', HOME: profile },
    });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Browser(context, profile);
  }

  async page(): Promise<WatchedPage> {
    return new WatchedPage(await this.context.newPage());
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A page with all that it asked for and complained of. */
export class WatchedPage {
  readonly requests: string[] = [];
  readonly failures: string[] = [];
  readonly complaints: string[] = [];

  constructor(readonly page: Page) {
    page.on('request', (request) => this.requests.push(request.url()));
    page.on('requestfailed', (request) => this.failures.push(request.url()));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
  }
}
