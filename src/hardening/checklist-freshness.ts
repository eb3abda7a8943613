import { Injectable } from '@nestjs/common';

import { LiveSettings } from '../config/live-settings.js';
import { HardeningReports } from './hardening-reports.js';

/** What an overlay has changed shows in the checklist at once. */
@Injectable()
export class ChecklistFreshness {
  constructor(reports: HardeningReports, settings: LiveSettings) {
    settings.onReplaced(() => reports.forgetQuick());
  }
}
