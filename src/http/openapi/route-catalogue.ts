import type { INestApplication, RequestMethod, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';

import type { ErrorCode } from '../../kernel/error-codes.js';
import {
  ACCESS_METADATA,
  AUDITED_METADATA,
  FAILS_WITH_METADATA,
  RATE_GROUP_METADATA,
  WRITE_PARAMETER_METADATA,
  type AuditedAction,
  type RateGroupName,
  type RouteAccess,
} from '../../kernel/route-metadata.js';

/** What a handler declares about itself; `undefined` where it declares nothing. */
export interface DeclaredRoute {
  readonly access: RouteAccess | undefined;
  readonly rateGroup: RateGroupName | undefined;
  readonly audited: AuditedAction | undefined;
  /** The query parameter that makes a read a matter for the write guard. */
  readonly writeParameter: string | undefined;
  readonly failsWith: readonly ErrorCode[];
}

const METHOD_METADATA = 'method';

/** A method of a controller that answers a route. */
export interface Handler {
  readonly controller: string;
  readonly prototype: object;
  readonly name: string;
  readonly handler: object;
  readonly method: RequestMethod;
}

/** Every route's declarations, by `operationIdOf`. */
export function routeCatalogue(app: INestApplication): ReadonlyMap<string, DeclaredRoute> {
  return new Map(
    handlersOf(app).map(({ controller, name, handler }) => [
      operationIdOf(controller, name),
      declarationsOf(handler),
    ]),
  );
}

/** Those of all controllers; can be asked before the application is initialised. */
export function handlersOf(app: INestApplication): Handler[] {
  const scanner = new MetadataScanner();
  const handlers: Handler[] = [];
  for (const controller of controllersOf(app)) {
    const prototype = controller.prototype as object;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = Reflect.get(prototype, name);
      if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
      handlers.push({ controller: controller.name, prototype, name, handler, method });
    }
  }
  return handlers;
}

/** From the container itself: the discovery service does not exist in a preview. */
function controllersOf(app: INestApplication): Type[] {
  const modules = [...app.get(ModulesContainer).values()];
  return modules.flatMap((module) =>
    [...module.controllers.values()].flatMap(({ metatype }) =>
      metatype ? [metatype as Type] : [],
    ),
  );
}

export function operationIdOf(controller: string, method: string): string {
  return `${controller.replace(/Controller$/, '')}.${method}`;
}

function declarationsOf(handler: object): DeclaredRoute {
  const read = <T>(key: string) => Reflect.getMetadata(key, handler) as T | undefined;
  return {
    access: read(ACCESS_METADATA),
    rateGroup: read(RATE_GROUP_METADATA),
    audited: read(AUDITED_METADATA),
    writeParameter: read(WRITE_PARAMETER_METADATA),
    failsWith: read(FAILS_WITH_METADATA) ?? [],
  };
}
