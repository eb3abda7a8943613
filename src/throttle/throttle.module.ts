import { Module } from '@nestjs/common';
import { ThrottlerModule } from '@nestjs/throttler';

import { Settings } from '../config/settings.js';
import { Clock } from '../kernel/clock.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimitStorage, WINDOW_MS } from './rate-limit-storage.js';

/** The guard is made here and registered in the application's one list of guards. */
@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [Settings, Clock],
      useFactory: (settings: Settings, clock: Clock) => ({
        throttlers: [{ name: 'default', ttl: WINDOW_MS, limit: settings.rateLimits.api.limit }],
        storage: new RateLimitStorage(() => clock.monotonicMs()),
      }),
    }),
  ],
  providers: [RateLimitGuard],
  exports: [RateLimitGuard],
})
export class ThrottleModule {}
