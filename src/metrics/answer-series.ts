/** What was counted of one method and route. */
interface Series {
  readonly labels: AnswerLabels;
  /** Answers by bucket, each in its own alone; the last is past every bound. */
  readonly buckets: number[];
  sumSeconds: number;
  readonly statuses: Map<number, number>;
}

export type AnswerLabels = Readonly<Record<'method' | 'route', string>>;

/**
 * Counts and times answers in plain arrays; what Prometheus reads is made of them when it asks. A
 * labelled `observe` sorts and joins the labels each time, which costs more than the guards do.
 */
export class AnswerSeries {
  readonly #routes = new Map<string, Map<string, Series>>();

  /** `upperBounds` in seconds, rising. */
  constructor(private readonly upperBounds: readonly number[]) {}

  /** The labels come from bounded sets. */
  record(method: string, route: string, status: number, seconds: number): void {
    const series = this.#series(method, route);
    let bucket = 0;
    while (seconds > (this.upperBounds[bucket] ?? Infinity)) bucket += 1;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    series.sumSeconds += seconds;
    series.statuses.set(status, (series.statuses.get(status) ?? 0) + 1);
  }

  /** `count(labels, answers)` for each status of each series. */
  eachStatus(count: (labels: AnswerLabels & { status: number }, answers: number) => void): void {
    for (const { labels, statuses } of this.#all()) {
      for (const [status, answers] of statuses) count({ ...labels, status }, answers);
    }
  }

  /** A histogram's samples, as the text format names them. */
  samples(name: string): Sample[] {
    return [...this.#all()].flatMap(({ labels, buckets, sumSeconds }) => {
      let answers = 0;
      const upTo = buckets.map((inBucket, index) => {
        answers += inBucket;
        const le = this.upperBounds[index] ?? '+Inf';
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: answers };
      });
      return [
        ...upTo,
        { metricName: `${name}_sum`, labels, value: sumSeconds },
        { metricName: `${name}_count`, labels, value: answers },
      ];
    });
  }

  *#all(): Iterable<Series> {
    for (const methods of this.#routes.values()) yield* methods.values();
  }

  #series(method: string, route: string): Series {
    let methods = this.#routes.get(route);
    if (methods === undefined) this.#routes.set(route, (methods = new Map<string, Series>()));
    let series = methods.get(method);
    if (series === undefined) {
      const buckets = Array<number>(this.upperBounds.length + 1).fill(0);
      series = { labels: { method, route }, buckets, sumSeconds: 0, statuses: new Map() };
      methods.set(method, series);
    }
    return series;
  }
}

export interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Partial<Record<'method' | 'route' | 'le', string | number>>>;
  readonly value: number;
}
