/** One question of the benchmark suite: a file `bench/*.bench.ts` exports one as its default. */
export interface Benchmark {
  question: string;
  /** The first is ours; each other one is what it is measured against, in the same rounds. */
  contenders: readonly string[];
  /** The most that ours may take, as a multiple of the second contender. */
  target: number;
  rounds: number;
  /** Makes ready what the rounds need; its `measure` answers milliseconds for the contender's index. */
  prepare(): Promise<{ measure(contender: number): Promise<number>; dispose(): Promise<void> }>;
}

export interface BenchmarkResult {
  question: string;
  target: number;
  rows: { contender: string; medianMs: number; p90Ms: number; ratio: number }[];
}

const WARM_UP_ROUNDS = 3;

/** Alternates the contenders, and who begins, so that whatever slows the machine slows all of them. */
export async function runBenchmark(benchmark: Benchmark): Promise<BenchmarkResult> {
  const samples: number[][] = benchmark.contenders.map(() => []);
  const prepared = await benchmark.prepare();
  try {
    for (let round = -WARM_UP_ROUNDS; round < benchmark.rounds; round += 1) {
      for (const contender of order(samples.length, round)) {
        const milliseconds = await prepared.measure(contender);
        samples[contender]!.push(milliseconds);
      }
    }
  } finally {
    await prepared.dispose();
  }
  for (const list of samples) list.splice(0, WARM_UP_ROUNDS);
  const ours = quantile(samples[0]!, 0.5);
  return {
    question: benchmark.question,
    target: benchmark.target,
    rows: benchmark.contenders.map((contender, index) => {
      const medianMs = quantile(samples[index]!, 0.5);
      return { contender, medianMs, p90Ms: quantile(samples[index]!, 0.9), ratio: ours / medianMs };
    }),
  };
}

function order(count: number, round: number): number[] {
  const forward = Array.from({ length: count }, (_, index) => index);
  return round % 2 === 0 ? forward : forward.reverse();
}

/** Of the samples in order, interpolated between neighbours. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((left, right) => left - right);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)]!;
  const above = sorted[Math.ceil(position)]!;
  return below + (above - below) * (position - Math.floor(position));
}
