import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule as NestConfigModule, ConfigService } from '@nestjs/config';

import { LiveSettings } from './live-settings.js';
import { Settings } from './settings.js';
import { NO_JUDGE, type SettingsJudge } from './settings-judge.js';

/** The key under which `@nestjs/config` holds the settings. */
const SETTINGS_KEY = 'risoluto';

/** Hands out the settings, read and validated before any module was made; some may change later. */
@Global()
@Module({})
export class ConfigModule {
  static forSettings(settings: Settings, judge: SettingsJudge = NO_JUDGE): DynamicModule {
    return {
      module: ConfigModule,
      imports: [
        NestConfigModule.forRoot({
          // Values come from `loadSettings` alone: a .env file beside the service must not count.
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [() => ({ [SETTINGS_KEY]: settings })],
        }),
      ],
      providers: [
        {
          provide: LiveSettings,
          inject: [ConfigService],
          useFactory: (config: ConfigService) =>
            new LiveSettings(config.getOrThrow<Settings>(SETTINGS_KEY), judge),
        },
        { provide: Settings, useExisting: LiveSettings },
      ],
      exports: [LiveSettings, Settings],
    };
  }
}
