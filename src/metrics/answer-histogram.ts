import { Histogram, type HistogramConfiguration, type MetricType } from 'prom-client';

import type { AnswerSeries } from './answer-series.js';

/** The library declares an enum and has these words. */
const TYPE = 'histogram' as unknown as MetricType;

type Label = 'method' | 'route' | 'le';

/** The histogram of series that are kept elsewhere; its own `observe` is not for use. */
export class AnswerHistogram extends Histogram<Label> {
  readonly #described: { readonly name: string; readonly help: string };

  constructor(
    configuration: Pick<HistogramConfiguration<Label>, 'name' | 'help' | 'registers'>,
    private readonly series: AnswerSeries,
  ) {
    super({ ...configuration, labelNames: ['method', 'route'] });
    this.#described = { name: configuration.name, help: configuration.help };
  }

  override get(): ReturnType<Histogram<Label>['get']> {
    const values = this.series.samples(this.#described.name);
    return Promise.resolve({
      ...this.#described,
      type: TYPE,
      aggregator: 'sum',
      collect: () => undefined,
      values,
    });
  }

  /** What the registry asks for in the place of `get`. */
  getForPromString(): ReturnType<Histogram<Label>['get']> {
    return this.get();
  }
}
