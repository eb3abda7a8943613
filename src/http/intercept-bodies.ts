import { RequestMethod, UseInterceptors, type INestApplication } from '@nestjs/common';

import { RAW_BODY_METADATA } from '../kernel/route-metadata.js';
import { JsonBodyInterceptor } from './json-body.interceptor.js';
import { handlersOf } from './openapi/route-catalogue.js';

/** Its handler gets the bytes, so there is nothing to do before it. */
function keepsBytes(handler: object): boolean {
  return Reflect.getMetadata(RAW_BODY_METADATA, handler) === true;
}

/** Fastify reads no body of these. */
const BODYLESS: ReadonlySet<RequestMethod> = new Set([RequestMethod.GET, RequestMethod.HEAD]);

/** A handler belongs to its class, not to an application: a second one in this process finds it done. */
const intercepted = new WeakSet<object>();
const interceptor = new JsonBodyInterceptor();

/**
 * Puts the reading of bodies before every route that can be sent a body, and before no other: Nest builds a
 * chain of observables for each call of a route that has any. To be called before `app.init()`, which
 * is when Nest reads what each route is made of.
 */
export function interceptBodies(app: INestApplication): void {
  for (const { prototype, name, handler, method } of handlersOf(app)) {
    if (BODYLESS.has(method) || intercepted.has(handler) || keepsBytes(handler)) continue;
    intercepted.add(handler);
    const descriptor = { value: handler, configurable: true, writable: true };
    UseInterceptors(interceptor)(prototype, name, descriptor);
  }
}
