import type { OpenAPIObject } from '@nestjs/swagger';

/** The document of this service; built when first asked for, since a start should not wait for it. */
export class OpenApiDocument {
  #build: (() => OpenAPIObject) | null = null;
  #document: OpenAPIObject | null = null;

  /** Called once, when all routes are known. */
  provide(build: () => OpenAPIObject): void {
    this.#build = build;
  }

  get(): OpenAPIObject {
    if (this.#build === null) throw new Error('the OpenAPI document is asked for before set-up');
    this.#document ??= this.#build();
    return this.#document;
  }
}
