import type { Benchmark, Comparison, Measure } from './benchmark.js';
import { quantile } from './benchmark.js';
import { cpuMicros, moveToSecondCore } from './one-core.js';
import { startProxies, type Proxies } from './proxies.js';
import { newConnections, openingTimes, roundTrips, throughput, type Path } from './tunnel-load.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const CALLERS = 32;

/** What a path with a process costs in one round. */
type Work = (path: Path) => Promise<number>;

const benchmark: Benchmark = {
  question: 'Does a tunnel through the egress gateway keep up with squid and tinyproxy?',

  async prepare({ quick }) {
    moveToSecondCore();
    const proxies = await startProxies();
    const rounds = quick ? { rounds: 1, warmUpRounds: 0 } : { rounds: 7, warmUpRounds: 2 };
    const large = (quick ? 16 : 256) * MiB;
    const each = (quick ? 1 : 8) * MiB;
    const few = quick ? 10 : 200;
    const compare = (name: string, measure: Measure, work: Work): Comparison =>
      comparisonOf(proxies, { name, measure, work, rounds });
    return {
      comparisons: [
        compare('1 tunnel, 256 MiB', MIB_A_SECOND, (path) => throughput(path, 1, large)),
        compare('100 tunnels, 8 MiB each', MIB_A_SECOND, (path) => throughput(path, 100, each)),
        compare('100 new tunnels, 64 KiB each', MIB_A_SECOND, (path) =>
          throughput(path, 100, 64 * KiB),
        ),
        compare('new connections', A_SECOND, (path) =>
          newConnections(path, CALLERS, quick ? 0.2 : 2),
        ),
        compare('new tunnel and 64 KiB, added', ADDED_MS, (path) =>
          added(proxies, path, (some) => openingTimes(some, 64 * KiB, few)),
        ),
        compare('round trip of a byte, added', ADDED_MS, (path) =>
          added(proxies, path, (some) => roundTrips(some, few * 5)),
        ),
      ],
      dispose: () => Promise.resolve(proxies.stop()),
    };
  },
};

const MIB_A_SECOND: Measure = { unit: 'MiB/s', better: 'higher', target: 0.8 };
const A_SECOND: Measure = { unit: 'conn/s', better: 'higher', target: 0.8 };
const ADDED_MS: Measure = { unit: 'ms added', better: 'lower', target: 1.2 };
const CPU: Measure = { unit: 'CPU ms', better: 'lower', target: null };

interface Plan {
  readonly name: string;
  readonly measure: Measure;
  readonly work: Work;
  readonly rounds: Pick<Comparison, 'rounds' | 'warmUpRounds'>;
}

function comparisonOf(proxies: Proxies, { name, measure, work, rounds }: Plan): Comparison {
  const contender = (called: string, path: Path, pid: number | null) => ({
    name: called,
    measure: async (): Promise<number[]> => {
      const before = pid === null ? 0 : cpuMicros(pid);
      const figure = await work(path);
      return [figure, pid === null ? 0 : (cpuMicros(pid) - before) / 1000];
    },
  });
  const { gateway, squid, tinyproxy, direct } = proxies;
  const isAdded = measure === ADDED_MS;
  return {
    name,
    measures: [measure, CPU],
    contenders: [
      contender('gateway', gateway, gateway.pid),
      contender('squid', squid, squid.pid),
      contender('tinyproxy', tinyproxy, tinyproxy.pid),
      ...(isAdded ? [] : [contender('direct', direct, null)]),
    ],
    heldAgainst: 2,
    ...rounds,
  };
}

/** The median through the path less the median of the same without a proxy, both in this round. */
async function added(
  { direct }: Proxies,
  path: Path,
  times: (path: Path) => Promise<number[]>,
): Promise<number> {
  const without = await times(direct);
  const through = await times(path);
  return quantile(through, 0.5) - quantile(without, 0.5);
}

export default benchmark;
