import { Global, Module, type DynamicModule } from '@nestjs/common';

import { OpenApiController } from './openapi/openapi.controller.js';
import { OpenApiDocument } from './openapi/openapi-document.js';
import { RequestObservers } from './request-observers.js';

/** Hands out what the server around the routes offers to the modules above. */
@Global()
@Module({})
export class HttpModule {
  static forObservers(observers: RequestObservers): DynamicModule {
    return {
      module: HttpModule,
      controllers: [OpenApiController],
      providers: [{ provide: RequestObservers, useValue: observers }, OpenApiDocument],
      exports: [RequestObservers, OpenApiDocument],
    };
  }
}
