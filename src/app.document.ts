import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import fastify from 'fastify';

import { AppModule } from './app.module.js';
import { loadSettings } from './config/load-settings.js';
import { HttpAdapter } from './http/http-adapter.js';
import { buildDocument } from './http/openapi/build-document.js';
import { RequestObservers } from './http/request-observers.js';
import { UntrustedForwarders } from './http/untrusted-forwarders.js';

/**
 * The document that the service answers at `/api/v1/openapi.json`, without a service: nothing is
 * constructed, opened or connected to, and neither environment nor configuration file is read.
 */
export async function documentOfService(): Promise<OpenAPIObject> {
  const settings = loadSettings({ RISOLUTO_CONFIG: '/dev/null' });
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forSettings(settings, new RequestObservers(), new UntrustedForwarders()),
    new HttpAdapter(fastify()),
    { preview: true, logger: false, abortOnError: false },
  );
  return buildDocument(app);
}
