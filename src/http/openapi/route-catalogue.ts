import type { INestApplication, Type } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';

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

/** Every route's declarations, by `operationIdOf`. */
export function routeCatalogue(app: INestApplication): ReadonlyMap<string, DeclaredRoute> {
  const scanner = new MetadataScanner();
  const routes = new Map<string, DeclaredRoute>();
  for (const { instance, metatype } of app.get(DiscoveryService).getControllers()) {
    if (typeof instance !== 'object' || instance === null || !metatype) continue;
    const prototype: unknown = Object.getPrototypeOf(instance);
    for (const name of scanner.getAllMethodNames(prototype as object)) {
      const handler: unknown = Reflect.get(instance, name);
      if (typeof handler !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
      routes.set(operationIdOf((metatype as Type).name, name), declarationsOf(handler));
    }
  }
  return routes;
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
