/** A JSON Schema, as far as the document uses it. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  example?: unknown;
  examples?: unknown;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minItems?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  schema?: Schema;
}

export interface Operation {
  method: string;
  template: string;
  parameters: Parameter[];
  body: Schema | null;
  /** Of its answers. */
  statuses: ReadonlySet<number>;
  writes: boolean;
}

interface DocumentedOperation {
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, unknown>;
  'x-risoluto-access'?: string;
}

export interface OpenApi {
  paths: Record<string, Record<string, DocumentedOperation>>;
  components?: { schemas?: Record<string, Schema> };
}

/** What a service says of itself, in the shape that a fuzzer walks: a new route needs no word here. */
export class ApiSurface {
  readonly operations: readonly Operation[];
  readonly #schemas: Record<string, Schema>;

  constructor(document: OpenApi) {
    this.#schemas = document.components?.schemas ?? {};
    this.operations = Object.entries(document.paths).flatMap(([template, item]) =>
      Object.entries(item).map(([method, operation]) => operationOf(method, template, operation)),
    );
  }

  resolve(schema: Schema): Schema {
    if (schema.$ref === undefined) return schema;
    const name = schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
    const found = this.#schemas[name];
    if (found === undefined) throw new Error(`the document has no schema ${name}`);
    return this.resolve(found);
  }
}

function operationOf(method: string, template: string, given: DocumentedOperation): Operation {
  const content = Object.values(given.requestBody?.content ?? {});
  return {
    method: method.toUpperCase(),
    template,
    parameters: given.parameters ?? [],
    body: content[0]?.schema ?? null,
    statuses: new Set(Object.keys(given.responses ?? {}).map(Number)),
    writes: given['x-risoluto-access'] === 'write',
  };
}
