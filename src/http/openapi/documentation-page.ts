import type { Operation } from './describe-operation.js';
import type { DeclaredRoute } from './route-catalogue.js';

/** Nest's swagger module serves the page beside Nest's router, so no controller declares it. */
export const DOCUMENTATION_ROUTE: DeclaredRoute = {
  access: 'public',
  rateGroup: 'none',
  audited: 'none',
  writeParameter: undefined,
  failsWith: [],
};

export function documentationPage(): Operation & { operationId: string } {
  return {
    operationId: 'Documentation.page',
    summary: 'Show this page',
    description: 'Swagger UI with this document. It loads nothing from elsewhere.',
    tags: ['operations'],
    parameters: [],
    responses: {
      '200': {
        description: 'The page',
        content: { 'text/html': { schema: { type: 'string' }, example: '<!DOCTYPE html>' } },
      },
    },
  };
}
