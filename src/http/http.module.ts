import { Global, Module, type DynamicModule } from '@nestjs/common';

import { OpenApiController } from './openapi/openapi.controller.js';
import { OpenApiDocument } from './openapi/openapi-document.js';
import { RequestObservers } from './request-observers.js';
import { UntrustedForwarders } from './untrusted-forwarders.js';

/** Hands out what the server around the routes offers to the modules above. */
@Global()
@Module({})
export class HttpModule {
  static forObservers(observers: RequestObservers, forwarders: UntrustedForwarders): DynamicModule {
    return {
      module: HttpModule,
      controllers: [OpenApiController],
      providers: [
        { provide: RequestObservers, useValue: observers },
        { provide: UntrustedForwarders, useValue: forwarders },
        OpenApiDocument,
      ],
      exports: [RequestObservers, UntrustedForwarders, OpenApiDocument],
    };
  }
}
