import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

import { VERSION } from '../../kernel/version.js';
import { describeOperation } from './describe-operation.js';
import { ERROR_SCHEMA, ERROR_SCHEMA_NAME, REQUEST_ID_HEADER } from './error-schema.js';
import { operationIdOf, routeCatalogue } from './route-catalogue.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'] as const;

const DESCRIPTION = `Runs coding agents and CI commands in hardened containers.

Every error is \`{"error":{"code","message","details"?}}\`; \`code\` is stable, \`message\` is for people.
Every answer has an \`X-Request-ID\`, which the service's log has too.
Writes need the bearer token where the service has one; without one they are for programs of the
same machine.`;

/**
 * The OpenAPI document: what Nest knows of the routes, and for each operation the errors, headers
 * and credentials that follow from its declarations.
 */
export function buildDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Risoluto')
    .setDescription(DESCRIPTION)
    .setVersion(VERSION)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The write or the read token' })
    .addServer('/', 'This service')
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: operationIdOf });
  const components = (document.components ??= {});
  components.schemas = { ...components.schemas, [ERROR_SCHEMA_NAME]: ERROR_SCHEMA };
  components.headers = { ...components.headers, 'X-Request-ID': REQUEST_ID_HEADER };

  const routes = routeCatalogue(app);
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      const route = routes.get(operation?.operationId ?? '');
      if (operation && route) describeOperation(operation, method, route);
    }
  }
  return document;
}
