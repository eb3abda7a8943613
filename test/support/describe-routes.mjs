// Boots the built service without listening and prints what it knows of its routes, as JSON.
import 'reflect-metadata';

import { ApplicationConfig } from '@nestjs/core';

import { createApp } from '../../dist/src/app.setup.js';
import { loadSettings } from '../../dist/src/config/load-settings.js';
import { OpenApiDocument } from '../../dist/src/http/openapi/openapi-document.js';
import { routeCatalogue } from '../../dist/src/http/openapi/route-catalogue.js';
import { StreamRootLogger } from '../../dist/src/kernel/root-logger.js';

const rootLogger = new StreamRootLogger('info', process.stderr);
const app = await createApp(loadSettings(process.env), { rootLogger });
const guards = app.get(ApplicationConfig).getGlobalGuards();
const report = {
  guards: guards.map((guard) => guard.constructor.name),
  routes: app.getHttpAdapter().getInstance().allowedMethods.all(),
  declared: Object.fromEntries(routeCatalogue(app)),
  document: app.get(OpenApiDocument).get(),
};
await app.close();
process.stdout.write(JSON.stringify(report), () => process.exit(0));
