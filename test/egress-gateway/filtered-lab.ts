import { HostListener } from '../egress/host-listener.js';
import type { RunningService } from '../support/service.js';
import { PUBLIC, startFiltered, type Runtime } from './sandboxes.js';

export const METADATA = '169.254.169.254';
/** Names in these domains say what they resolve to: `test/world/names.mjs`. */
const ADDRESS_NAMES = ['ip', 'ip6', 'both', 'alias', 'rebind', 'turns', 'missing', 'broken'];

interface Parts {
  service: RunningService;
  host: HostListener;
}

/** One service with a long allowlist, for cases that do not disturb each other. */
export class FilteredLab {
  private parts: Parts | null = null;

  constructor(readonly runtime: Runtime) {}

  get service(): RunningService {
    return this.started().service;
  }

  /** A service of the host, at every address of it. */
  get host(): HostListener {
    return this.started().host;
  }

  async start(): Promise<void> {
    const host = await HostListener.start();
    const egressAllowlist = [
      'allowed.test',
      '*.wild.test',
      'bücher.test',
      'special.test:8443',
      'shell.test:22',
      PUBLIC,
      METADATA,
      '10.20.0.7',
      'metadata.google.internal',
      ...ADDRESS_NAMES.map((name) => `*.${name}.test`),
      '*.ip.test:8000',
      `*.ip.test:${host.port}`,
    ];
    // What is metadata, link-local, the host’s or a neighbour’s stays so, whatever is opened.
    const egressInternalRanges = ['10.0.0.0/8', '169.254.0.0/16', '127.0.0.0/8', '172.17.0.0/16'];
    const sandbox = { egressAllowlist, egressInternalRanges };
    this.parts = { host, service: await startFiltered({ runtime: this.runtime, sandbox }) };
  }

  async stop(): Promise<void> {
    await this.parts?.service.stop();
    await this.parts?.host.stop();
  }

  private started(): Parts {
    if (!this.parts) throw new Error('the lab was not started');
    return this.parts;
  }
}
