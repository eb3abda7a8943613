import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
} from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import { RATE_GROUP_METADATA, type RateGroupName } from '../kernel/route-metadata.js';
import { Metrics } from '../metrics/metrics.js';
import { RateLimitStorage } from './rate-limit-storage.js';

/** The throttler's guard without its `canActivate`, whose promises a synchronous one need not keep. */
const SynchronousThrottlerGuard = ThrottlerGuard as abstract new (
  ...parameters: ConstructorParameters<typeof ThrottlerGuard>
) => Omit<ThrottlerGuard, 'canActivate'>;

/**
 * The limit of a route's group for a client's address. Runs before every other guard, so that
 * guessing tokens is limited too. Answers at once, from memory, and looks up a handler's metadata
 * once.
 */
@Injectable()
export class RateLimitGuard extends SynchronousThrottlerGuard implements CanActivate {
  readonly #groupOf = new WeakMap<object, RateGroupName>();

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() private readonly storage: RateLimitStorage,
    reflector: Reflector,
    private readonly settings: Settings,
    private readonly metrics: Metrics,
  ) {
    super(options, storage, reflector);
  }

  canActivate(context: ExecutionContext): boolean {
    const group = this.#declaredGroup(context.getHandler());
    if (group === 'none') return true;
    // `switchToHttp` makes three functions for each call.
    const { clientAddress } = context.getArgByIndex<FastifyRequest>(0).risoluto;
    const { hits, remainingMs, shared } = this.storage.hit(group, clientAddress);
    if (shared) this.metrics.rateLimitOverflows.inc({ group });

    const { limit } = this.settings.rateLimits[group];
    const resetSeconds = Math.max(1, Math.ceil(remainingMs / 1000));
    const reply = context.getArgByIndex<FastifyReply>(1);
    reply.header('ratelimit-limit', limit);
    reply.header('ratelimit-remaining', Math.max(0, limit - hits));
    reply.header('ratelimit-reset', resetSeconds);
    if (hits <= limit) return true;

    this.metrics.rateLimited.inc({ group });
    throw new DomainError('rate_limited', `More than ${limit} requests within 60 seconds`, {
      retryAfterSeconds: resetSeconds,
    });
  }

  /** A route that declares no group is in the stricter one. */
  #declaredGroup(handler: object): RateGroupName {
    let group = this.#groupOf.get(handler);
    if (group === undefined) {
      const declared = Reflect.getMetadata(RATE_GROUP_METADATA, handler) as
        RateGroupName | undefined;
      group = declared ?? 'api';
      this.#groupOf.set(handler, group);
    }
    return group;
  }
}
