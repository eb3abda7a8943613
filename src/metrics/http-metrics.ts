import { METHODS } from 'node:http';

import { Injectable, type OnModuleInit } from '@nestjs/common';

import { RequestObservers } from '../http/request-observers.js';
import { Metrics } from './metrics.js';

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);

/** Counts and times every answer. */
@Injectable()
export class HttpMetrics implements OnModuleInit {
  constructor(
    private readonly metrics: Metrics,
    private readonly observers: RequestObservers,
  ) {}

  onModuleInit(): void {
    this.observers.register(({ method, route, status, durationMs }) => {
      const known = KNOWN_METHODS.has(method) ? method : 'invalid';
      this.metrics.answers.record(known, route, status, durationMs / 1000);
    });
  }
}
