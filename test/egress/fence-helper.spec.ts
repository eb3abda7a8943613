import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  FenceHelperLauncher,
  FenceHelperSlot,
  type FenceHelperStream,
} from '../../src/egress/fence-helper-launcher.js';
import { HelperFenceBackend } from '../../src/egress/helper-fence-backend.js';
import type { Fence } from '../../src/egress/fence.js';
import { FenceLab } from './fence-lab.js';
import { ANSWERED_PORT } from './internet.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** The helper's own program, as a process beside us instead of a container. */
class ProcessLauncher extends FenceHelperLauncher {
  readonly started: ChildProcessWithoutNullStreams[] = [];

  start([file = '', ...args]: readonly string[]): Promise<FenceHelperStream> {
    const child = spawn(file, args);
    child.stdin.on('error', () => undefined);
    this.started.push(child);
    return Promise.resolve({
      write: (line) =>
        new Promise((resolve, reject) =>
          child.stdin.write(`${line}\n`, (error) => (error ? reject(error) : resolve())),
        ),
      lines: createInterface({ input: child.stdout }),
      stop: () => Promise.resolve(void child.kill('SIGKILL')),
    });
  }
}

describe('the fence placed by a helper', () => {
  const launcher = new ProcessLauncher();
  const slot = new FenceHelperSlot();
  let lab: FenceLab;
  let fence: Fence;

  beforeAll(async () => {
    lab = await FenceLab.create();
    fence = lab.anotherFence({ backends: [new HelperFenceBackend(slot)] });
  });
  afterAll(async () => {
    await fence.shutdown();
    await lab.destroy();
  });

  it('cannot stand without a way to start one', async () => {
    await expect(fence.ensure(lab.bridge)).rejects.toMatchObject({ code: 'control_unavailable' });
  });

  it('closes, opens and closes again, and survives the helper’s death', async () => {
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- it is no array
    slot.fill(launcher);
    await fence.ensure(lab.bridge);
    expect(fence.standing()).toEqual({ standing: true, backend: 'helper' });
    const attacker = await lab.attacker();
    const { address, mac } = attacker;
    const reaches = () => attacker.tcp('203.0.113.70', ANSWERED_PORT);
    expect(await reaches()).toBe(false);
    await fence.grant({ kind: 'open', address, mac, resolvers: ['10.0.0.53'], seconds: 60 });
    expect(await reaches()).toBe(true);

    launcher.started.at(-1)?.kill('SIGKILL');
    await lab.nft(`delete table inet ${lab.table}`);
    await fence.check().catch(() => fence.check());
    expect(launcher.started.length).toBeGreaterThan(1);
    expect(await reaches()).toBe(true);
    await fence.revoke(address, mac);
    expect(await reaches()).toBe(false);
    await fence.removeAll();
  });

  it('runs the tools of the fence and no others', async () => {
    const [file = '', ...args] = (await import('../../src/egress/helper-protocol.js')).HELPER_ARGV;
    const child = spawn(file, args);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ask = async (argv: string) => {
      child.stdin.write(`${argv}\n`);
      return String((await lines.next()).value);
    };
    expect(await ask(`1 ${base64('cat\n/etc/passwd')} -`)).toMatch(/^1 126 - /);
    expect(await ask(`2 ${base64('nft; cat /etc/passwd')} -`)).toMatch(/^2 126 - /);
    expect(await ask(`3 ${base64('nft\n--version\n*')} -`)).toMatch(/^3 /);
    child.kill();
  });
});
