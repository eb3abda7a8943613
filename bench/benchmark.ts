/** How long a benchmark may take: `quick` only shows that it runs. */
export interface Effort {
  readonly quick: boolean;
}

/** One quantity that each round measures. */
export interface Measure {
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  /** What ours divided by the second contender's must keep; `null` where it is only told. */
  readonly target: number | null;
}

export interface Contender {
  readonly name: string;
  /** One round; a number for each measure. */
  measure(): Promise<readonly number[]>;
}

/** Contenders in the same alternated rounds. The first is ours, and held against the best of some others. */
export interface Comparison {
  readonly name: string;
  readonly measures: readonly Measure[];
  readonly contenders: readonly Contender[];
  /** How many of those after the first count; 1 where nothing is said. */
  readonly heldAgainst?: number;
  readonly rounds: number;
  /** Rounds before the first that counts. */
  readonly warmUpRounds: number;
}

/** A file `bench/*.bench.ts` exports one as its default. */
export interface Benchmark {
  readonly question: string;
  /** Makes ready what the rounds need. */
  prepare(effort: Effort): Promise<{
    readonly comparisons: readonly Comparison[];
    dispose(): Promise<void>;
  }>;
}

export interface ResultRow {
  readonly comparison: string;
  readonly contender: string;
  readonly unit: string;
  readonly median: number;
  readonly p90: number;
  /** Ours divided by this. */
  readonly ratio: number;
  readonly verdict: string;
}

/** Alternates the contenders, and who begins, so that whatever slows the machine slows all of them. */
export async function runComparison(comparison: Comparison): Promise<ResultRow[]> {
  const { contenders, rounds, warmUpRounds } = comparison;
  const samples: (readonly number[])[][] = contenders.map(() => []);
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    for (const index of order(contenders.length, round)) {
      const sample = await contenders[index]!.measure();
      if (round >= 0) samples[index]!.push(sample);
    }
  }
  return comparison.measures.flatMap((measure, at) => rowsOf(comparison, measure, at, samples));
}

function rowsOf(
  { name, contenders, heldAgainst = 1 }: Comparison,
  measure: Measure,
  at: number,
  samples: (readonly number[])[][],
): ResultRow[] {
  const columns = samples.map((list) => list.map((sample) => sample[at]!));
  const medians = columns.map((column) => quantile(column, 0.5));
  const ours = medians[0]!;
  const others = medians.slice(1, heldAgainst + 1);
  const best = measure.better === 'lower' ? Math.min(...others) : Math.max(...others);
  const judged = 1 + others.indexOf(best);
  return contenders.map((contender, index) => {
    const median = medians[index]!;
    const ratio = ours / median;
    return {
      comparison: name,
      contender: contender.name,
      unit: measure.unit,
      median,
      p90: quantile(columns[index]!, 0.9),
      ratio,
      verdict: index === judged ? verdictOn(ratio, measure) : '',
    };
  });
}

function verdictOn(ratio: number, { better, target }: Measure): string {
  if (target === null) return '';
  const met = better === 'lower' ? ratio <= target : ratio >= target;
  return `${met ? 'met' : 'MISSED'}: at ${better === 'lower' ? 'most' : 'least'} ${target}`;
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
