import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

import { VERSION } from '../../kernel/version.js';
import { REQUEST_ID_HEADER } from './answer-headers.js';
import { describeOperation } from './describe-operation.js';
import { documentationPage, DOCUMENTATION_ROUTE } from './documentation-page.js';
import { ERROR_EXAMPLES, ERROR_SCHEMA, ERROR_SCHEMA_NAME } from './error-schema.js';
import { GUIDE } from './guide.js';
import { operationIdOf, routeCatalogue } from './route-catalogue.js';
import { usedTags } from './tags.js';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'] as const;

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'opaque',
  description:
    'The write token (`RISOLUTO_WRITE_TOKEN`) or, for reads, the read token (`RISOLUTO_READ_TOKEN`). Paste the token alone.',
} as const;

/**
 * The OpenAPI document: what Nest knows of the routes, and for each operation the errors, headers
 * and credentials that follow from its declarations. Depends on the code alone, not on settings; an
 * application that was only created (`preview`) gives the same document as one that runs.
 */
export function buildDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Risoluto')
    .setDescription(GUIDE)
    .setVersion(VERSION)
    .addBearerAuth(BEARER)
    .addServer('/', 'This service')
    .build();
  const document = SwaggerModule.createDocument(app, config, { operationIdFactory: operationIdOf });
  const components = (document.components ??= {});
  components.schemas = { ...components.schemas, [ERROR_SCHEMA_NAME]: ERROR_SCHEMA };
  components.examples = { ...components.examples, ...ERROR_EXAMPLES };
  components.headers = { ...components.headers, 'X-Request-ID': REQUEST_ID_HEADER };

  const routes = new Map(routeCatalogue(app));
  document.paths['/docs'] = { get: documentationPage() };
  routes.set(documentationPage().operationId, DOCUMENTATION_ROUTE);
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      const route = routes.get(operation?.operationId ?? '');
      if (operation && route) describeOperation(operation, method, route);
    }
  }
  document.tags = usedTags(document);
  return document;
}
