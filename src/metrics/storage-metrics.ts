import { Injectable, type OnModuleInit } from '@nestjs/common';

import { StorageTimings } from '../kernel/storage-timings.js';
import { Metrics } from './metrics.js';

/** Shows how long changes and reads wait for the database. */
@Injectable()
export class StorageMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly timings: StorageTimings,
  ) {}

  onModuleInit(): void {
    const { metrics } = this;
    this.timings.register({
      workTaken: (seconds) => metrics.writeWait.observe(seconds),
      groupEnded: ({ works, committed, seconds }) => {
        metrics.writeGroup.observe(works);
        metrics.writeDuration.observe({ outcome: committed ? 'commit' : 'rollback' }, seconds);
      },
      readBegan: () => metrics.readsInFlight.inc(),
      readEnded: (seconds) => {
        metrics.readsInFlight.dec();
        metrics.readDuration.observe(seconds);
      },
    });
  }
}
