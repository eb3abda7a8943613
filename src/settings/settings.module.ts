import { Module } from '@nestjs/common';

import { ConfigOverlayRepository } from './overlay/config-overlay.repository.js';
import { ConfigOverlay } from './overlay/config-overlay.service.js';
import { OverlayController } from './overlay/overlay.controller.js';
import { SettingsController } from './settings.controller.js';

const OVERLAY_LOADED = Symbol('overlay loaded');

/** Loads the overlay while the application is made, before any module starts to work. */
@Module({
  controllers: [SettingsController, OverlayController],
  providers: [
    ConfigOverlayRepository,
    ConfigOverlay,
    {
      provide: OVERLAY_LOADED,
      inject: [ConfigOverlay],
      useFactory: async (overlay: ConfigOverlay) => {
        await overlay.load();
        return true;
      },
    },
  ],
})
export class SettingsModule {}
