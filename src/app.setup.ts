import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';

import { AppModule } from './app.module.js';
import { clientAddressReader } from './auth/client-addresses.js';
import type { Settings } from './config/settings.js';
import { accessLog } from './http/access-log.js';
import { ErrorFilter } from './http/error.filter.js';
import { ErrorReplies } from './http/error-replies.js';
import { createFastifyServer } from './http/fastify-server.js';
import { HttpAdapter } from './http/http-adapter.js';
import { interceptBodies } from './http/intercept-bodies.js';
import { buildDocument } from './http/openapi/build-document.js';
import { OpenApiDocument } from './http/openapi/openapi-document.js';
import { RequestObservers } from './http/request-observers.js';
import { UntrustedForwarders } from './http/untrusted-forwarders.js';
import { SERVER_TIMEOUTS, type ServerTimeouts } from './http/server-timeouts.js';
import { createValidationPipe } from './http/validation.pipe.js';
import { NestLogger } from './kernel/nest-logger.js';
import { BufferedRootLogger, type RootLogger } from './kernel/root-logger.js';

export interface AppOptions {
  readonly rootLogger?: RootLogger;
  readonly timeouts?: ServerTimeouts;
}

/**
 * The whole HTTP service for some settings, initialised and not yet listening; the same for the
 * service itself, for tests and for the export of the OpenAPI document.
 *
 * @throws whatever keeps a module from starting.
 */
export async function createApp(
  settings: Settings,
  options: AppOptions = {},
): Promise<NestFastifyApplication> {
  const rootLogger = options.rootLogger ?? new BufferedRootLogger(settings.logLevel);
  const log = rootLogger.pino;
  const replies = new ErrorReplies(log);
  const observers = new RequestObservers();
  observers.register(accessLog(rootLogger));
  const forwarders = new UntrustedForwarders();
  const server = createFastifyServer({
    replies,
    observers,
    timeouts: options.timeouts ?? SERVER_TIMEOUTS,
    clientAddressOf: clientAddressReader(settings.server.trustProxy, forwarders),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forSettings(settings, observers, forwarders),
    new HttpAdapter(server),
    { bodyParser: false, abortOnError: false, logger: new NestLogger(log) },
  );
  interceptBodies(app);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ErrorFilter(replies));
  serveDocumentation(app);
  await app.init();
  return app;
}

function serveDocumentation(app: NestFastifyApplication): void {
  const document = app.get(OpenApiDocument);
  document.provide(() => buildDocument(app));
  SwaggerModule.setup('docs', app, () => document.get(), {
    raw: false,
    customSiteTitle: 'Risoluto API',
    swaggerOptions: { persistAuthorization: false, validatorUrl: null },
  });
}
