import { Module } from '@nestjs/common';

import { RetentionSchedule } from './retention.schedule.js';

/** When what modules age out is removed; what and how is theirs. */
@Module({ providers: [RetentionSchedule] })
export class RetentionModule {}
