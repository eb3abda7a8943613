import {
  FenceBackend,
  FenceCommandError,
  type BackendObstacle,
  type HostLink,
} from '../../src/egress/fence-backend.js';

/** Keeps what it is told; each part can be made to fail. Understands scripts no further than needed. */
export class FakeFenceBackend extends FenceBackend {
  readonly name = 'fake';
  readonly calls: string[] = [];
  readonly failing = new Set<'apply' | 'forget' | 'list' | 'links'>();
  /** Why what fails does so. */
  cause: Error | undefined;
  obstacleNow: BackendObstacle | null = null;
  interfaces: HostLink[] = [{ name: 'rsl0', master: null, addresses: ['10.9.0.1'] }];
  standing = false;
  private readonly sets = new Map<string, string>();

  obstacle(): Promise<BackendObstacle | null> {
    return Promise.resolve(this.obstacleNow);
  }

  async links(): Promise<HostLink[]> {
    this.fail('links');
    return this.interfaces;
  }

  async apply(script: string): Promise<void> {
    this.fail('apply');
    if (script.includes('table inet') && script.includes('chain')) {
      this.calls.push('place');
      this.standing = true;
      this.sets.clear();
    } else if (script.includes('delete table')) {
      this.calls.push('remove');
      this.standing = false;
    } else {
      this.calls.push(script.includes('timeout') ? 'grant' : 'revoke');
    }
    for (const [, action, family, set, key = '', timeout] of script.matchAll(ELEMENT)) {
      const name = `${family} ${set}`;
      if (action === 'add' && timeout)
        this.sets.set(`${name} ${key}`, `${key} timeout ${timeout} expires ${timeout}`);
      if (action === 'delete') this.sets.delete(`${name} ${key}`);
    }
  }

  accepts(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async list(family: 'inet' | 'bridge'): Promise<string | null> {
    this.fail('list');
    if (!this.standing) return null;
    // Every set always stands; only its elements come and go.
    const sets = SETS.map((set) => {
      const texts = [...this.sets]
        .filter(([name]) => name.startsWith(`${family} ${set} `))
        .map(([, text]) => text);
      const elements = texts.length > 0 ? `\t\telements = { ${texts.join(', ')} }\n` : '';
      return `\tset ${set} { # handle 1\n${elements}\t}\n`;
    });
    return `table ${family} {\n${sets.join('')}}\n`;
  }

  async forgetConnections(range: string): Promise<void> {
    this.calls.push(`forget ${range}`);
    this.fail('forget');
  }

  async forgetConnectionsBut(range: string, kept: ReadonlySet<string>): Promise<void> {
    this.calls.push(`forget ${range} but ${[...kept].join()}`);
    this.fail('forget');
  }

  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }

  /** Those that hold a grant of the kind. */
  addresses(kind: 'open' | 'gateway'): string[] {
    return [...this.sets.keys()]
      .filter((name) => name.startsWith(`inet ${kind}_address `))
      .map((name) => name.split(' ')[2] ?? '');
  }

  private fail(part: 'apply' | 'forget' | 'list' | 'links'): void {
    if (this.failing.has(part)) throw new FenceCommandError(part, 'made to fail', this.cause);
  }
}

const SETS = ['open', 'open_address', 'resolvers', 'gateway', 'gateway_address'];
const ELEMENT = /^(add|delete) element (\S+) \S+ (\S+) \{ (.*?)(?: timeout (\S+))? \}$/gm;
