import { afterAll, describe, expect, it } from 'vitest';

import { parseFindings } from './probe.js';
import { SandboxBench } from './sandbox-bench.js';

const LIMITS = { memory: '96m', tmpfs: '16m', pids: 60, cpus: 0.2 };

describe('resources under runc', () => {
  const bench = new SandboxBench({ sandbox: { resources: LIMITS } });
  const wide = new SandboxBench();
  afterAll(async () => {
    await bench.close();
    await wide.close();
  });

  it('R1 stops a flood of processes, and a neighbour goes on', async () => {
    const flood = `perl -e '$| = 1; my $n = 0; for (1 .. 200) { my $p = fork; last if !defined $p; if (!$p) { sleep 4; exit } $n++ } print "forked $n\\n"; kill 9, -1' ; true`;
    const [flooded, neighbour] = await Promise.all([
      bench.script(flood),
      wide.script(
        "perl -e 'my $n = 0; for (1 .. 200) { my $p = fork; last if !defined $p; if (!$p) { exit } $n++ } print qq(forked $n\\n)'",
      ),
    ]);
    expect(Number(parseFindings(flooded.stdout).forked)).toBeLessThan(LIMITS.pids);
    expect(parseFindings(neighbour.stdout).forked).toBe('200');
  });

  it('R2 tells memory from a crash, also when only a child was killed', async () => {
    const hog = `perl -e 'my $x = "x" x 400_000_000; print length $x, "\\n"'`;
    const [whole, child, crash, fits] = await Promise.all([
      bench.script(`exec ${hog}`),
      bench.script(`${hog}; exit 0`),
      bench.script('kill -9 $$'),
      wide.script(hog),
    ]);
    expect([whole.exitCode, whole.oomKilled]).toEqual([137, true]);
    expect([child.exitCode, child.oomKilled]).toEqual([0, true]);
    expect([crash.exitCode, crash.oomKilled]).toEqual([137, false]);
    expect([fits.exitCode, fits.oomKilled, fits.stdout]).toEqual([0, false, '400000000\n']);
  });

  it('R3 throttles the processor', async () => {
    const burn = `for i in 1 2 3 4; do perl -e '1 while (times)[0] + (times)[1] < 0.3' & done; wait; echo "throttled $(sed -n 's/^nr_throttled //p' /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu.stat 2>/dev/null | head -1)"`;
    const [held, free] = await Promise.all([bench.script(burn), wide.script(burn)]);
    expect(Number(parseFindings(held.stdout).throttled)).toBeGreaterThan(0);
    expect(Number(parseFindings(free.stdout).throttled)).toBeLessThan(
      Number(parseFindings(held.stdout).throttled),
    );
  });

  it('R6 and R7 caps the engine’s log of a flood, with and without newlines', async () => {
    const flood = await bench.create();
    expect(flood.report.controls.find(({ name }) => name === 'log')?.value).toEqual({
      Type: 'local',
      Config: { 'max-size': '65536k', 'max-file': '2', compress: 'false' },
    });
    await flood.remove();
    const { stdout } = await wide.script('head -c 3000000 /dev/zero | tr "\\0" x');
    expect(stdout.length).toBe(3_000_000);
  });

  it('R8 reaps what is orphaned', async () => {
    const script = `exec perl -e 'for (1 .. 3) { system("sh", "-c", "sleep 0.1 &") } sleep 1; print "zombies ", scalar(grep { /Z/ } qx(ps -eo stat=)), "\\n"'`;
    const reaped = await wide.script(script);
    expect(parseFindings(reaped.stdout).zombies).toBe('0');
    const orphans = await wide.scriptChanged(script, (body) => (body.HostConfig.Init = false));
    expect(parseFindings(orphans.stdout).zombies).toBe('3');
  });
});

describe('resources under runsc', () => {
  const bench = new SandboxBench({
    sandbox: {
      security: { gvisor: true },
      resources: { ...LIMITS, memory: '192m', pids: 512, cpus: 1 },
    },
  });
  afterAll(() => bench.close());

  it('R2 ends the whole sandbox when memory runs out', async () => {
    const { exitCode } = await bench.script(`perl -e 'my $x = "x" x 600_000_000'; exit 0`);
    expect(exitCode).toBe(137);
    expect((await bench.script('exit 4')).exitCode).toBe(4);
  });
});
