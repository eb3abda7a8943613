import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

import { hostFaultBehind } from '../kernel/host-fault.js';
import { FenceCommandError, type BackendObstacle } from './fence-backend.js';
import type { ToolCall, ToolResult } from './fence-tools.js';
import { ToolBackend } from './tool-backend.js';

const TIME_LIMIT_MS = 5000;
const MOST_OUTPUT_BYTES = 16 * 1024 * 1024;
const CAP_NET_ADMIN = 12n;

// Found wherever a distribution keeps them, and never through a PATH that somebody else wrote.
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Writes the rules itself, in the network namespace that the service runs in. */
export class LocalFenceBackend extends ToolBackend {
  readonly name = 'local';

  async obstacle(): Promise<BackendObstacle | null> {
    if (!(await mayAdministerNetwork())) {
      return {
        reason: 'the service may not change firewall rules',
        remedy: 'run the service as root, or give it CAP_NET_ADMIN',
      };
    }
    const tools = { nft: 'nftables', conntrack: 'conntrack', ip: 'iproute2' };
    const found = await Promise.all(
      Object.entries(tools).map(async ([tool, aptPackage]) =>
        (await this.#exists(tool)) ? [] : [{ tool, aptPackage }],
      ),
    );
    const missing = found.flat();
    if (missing.length === 0) return null;
    return {
      reason: `not installed: ${missing.map(({ tool }) => tool).join(', ')}`,
      remedy: `apt-get install ${missing.map(({ aptPackage }) => aptPackage).join(' ')}`,
    };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  protected run({ argv, input }: ToolCall): Promise<ToolResult> {
    const [command = '', ...args] = argv;
    return new Promise((resolve, reject) => {
      const options = {
        env: ENVIRONMENT,
        timeout: TIME_LIMIT_MS,
        killSignal: 'SIGKILL' as const,
        maxBuffer: MOST_OUTPUT_BYTES,
      };
      const child = execFile(command, args, options, (error, stdout, stderr) => {
        if (!error) resolve({ exitCode: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ exitCode: error.code, stdout, stderr });
        else
          reject(new FenceCommandError(command, error.killed ? 'no answer' : error.message, error));
      });
      // A tool that ends without reading its input is judged by its exit code, not by EPIPE.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }

  async #exists(tool: string): Promise<boolean> {
    try {
      await this.run({ argv: [tool, '-V'], input: '' });
      return true;
    } catch (error) {
      if (hostFaultBehind(error) !== null) throw error;
      return false;
    }
  }
}

async function mayAdministerNetwork(): Promise<boolean> {
  try {
    const status = await readFile('/proc/self/status', 'utf8');
    const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n;
  } catch (error) {
    if (hostFaultBehind(error) !== null) throw error;
    return false;
  }
}
