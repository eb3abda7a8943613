import { once } from 'node:events';
import type { Readable } from 'node:stream';

import { Injectable } from '@nestjs/common';

import { Settings } from '../../config/settings.js';
import { DomainError } from '../../kernel/domain-error.js';
import { HelperContainers } from '../../sandbox/helper-containers.js';
import { HelperFailed } from '../../sandbox/produced-output.js';
import { SandboxImages } from '../../sandbox/sandbox-images.js';
import { WorkspaceHost, WorkspaceTools } from '../../workspaces/workspace-host.js';
import { RunWorkspaceLease } from './run-workspace-lease.js';

/** A workspace of a million files takes minutes on a slow disk. */
const LONG_MS = 15 * 60_000;
const MEASURE_SECONDS = 10;
const MEASURE_MS = 60_000;

/** Clients wait 30 s for the head of an answer. */
const COUNT_SECONDS = 10;
const TOO_LARGE = 77;

/** First told, before anything is sent, where it would be more than `$1`; `[` fails beyond 2^63 too. */
const PACK = `
bytes=$(timeout ${COUNT_SECONDS} du -s -x -B1 --apparent-size /workspace | cut -f1)
if [ -n "$bytes" ]; then [ "$bytes" -le "$1" ] 2>/dev/null || exit ${TOO_LARGE}; fi
exec tar --create --file=- --directory=/workspace --one-file-system --format=gnu \
  --owner=0 --group=0 --numeric-owner .
`;

/**
 * What must touch the inside of a workspace is done in a helper container that has those directories
 * alone and no network: the service itself neither reads nor removes what a sandbox left, and need
 * not be root for it.
 */
@Injectable()
export class ContainerWorkspaceTools extends WorkspaceTools {
  constructor(
    private readonly helpers: HelperContainers,
    private readonly images: SandboxImages,
    private readonly settings: Settings,
    host: WorkspaceHost,
    lease: RunWorkspaceLease,
  ) {
    super();
    host.fill(lease, this);
  }

  async give(directory: string): Promise<void> {
    const { uid, gid } = await this.images.resolve(this.settings.codex.sandbox.image);
    const { exitCode } = await this.helpers.run({
      purpose: 'give-workspace',
      argv: ['chown', '-h', '-R', `${uid}:${gid}`, '/directory'],
      mounts: [{ source: directory, target: '/directory', readOnly: false }],
      caps: ['CHOWN', 'DAC_READ_SEARCH'],
      timeoutMs: LONG_MS,
    });
    if (exitCode !== 0) throw failed('could not be given to the sandbox');
  }

  async empty(directory: string): Promise<void> {
    const { exitCode } = await this.helpers.run({
      purpose: 'empty-workspace',
      argv: ['find', '/directory', '-xdev', '-mindepth', '1', '-delete'],
      mounts: [{ source: directory, target: '/directory', readOnly: false }],
      caps: ['DAC_OVERRIDE', 'FOWNER'],
      timeoutMs: LONG_MS,
    });
    if (exitCode !== 0) throw failed('could not be emptied');
  }

  async measure(groups: ReadonlyMap<string, readonly string[]>): Promise<Map<string, number>> {
    const names = [...groups.keys()];
    const mounts = names.flatMap((name, index) =>
      (groups.get(name) ?? []).map((source, part) => ({
        source,
        target: `/m/${index}/${part}`,
        readOnly: true,
      })),
    );
    const script = `for d in /m/*; do echo "$(timeout ${MEASURE_SECONDS} du -s -c -x -B1 "$d"/* | tail -n 1) $d"; done`;
    const { stdout } = await this.helpers.run({
      purpose: 'disk-use',
      argv: ['sh', '-c', script],
      mounts,
      caps: ['DAC_READ_SEARCH'],
      timeoutMs: MEASURE_MS,
    });
    const found = stdout.toString('utf8').matchAll(/^(\d+)\ttotal \/m\/(\d+)$/gm);
    return new Map(
      [...found].map(([, bytes, index]) => [names[Number(index)] ?? '', Number(bytes)]),
    );
  }

  async pack(directory: string, mostBytes: number): Promise<Readable> {
    const packed = await this.helpers.produce({
      purpose: 'pack-workspace',
      argv: ['sh', '-c', PACK, 'sh', String(mostBytes)],
      mounts: [{ source: directory, target: '/workspace', readOnly: true }],
      caps: ['DAC_READ_SEARCH'],
    });
    const closed = new Promise((resolve) => packed.once('close', resolve));
    try {
      await once(packed, 'readable');
      return packed;
    } catch (error) {
      await closed;
      if (!(error instanceof HelperFailed) || error.exitCode !== TOO_LARGE) throw error;
      throw new DomainError(
        'archive_too_large',
        `The files of the workspace are longer than ${mostBytes} bytes together, holes included`,
      );
    }
  }
}

function failed(what: string): DomainError {
  return new DomainError('control_unavailable', `A workspace ${what}`, {
    details: [{ field: 'workspace', message: `it ${what} in a helper container` }],
  });
}
