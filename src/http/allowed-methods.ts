import type { FastifyInstance } from 'fastify';

/**
 * Which methods each path takes, gathered while the routes are registered, so that a wrong method
 * can be told from a wrong path.
 */
export class AllowedMethods {
  readonly #routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  /** Must be called before the first route is registered. */
  gatherFrom(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', (route) => {
      for (const method of [route.method].flat()) this.add(method, route.url);
    });
  }

  add(method: string, url: string): void {
    const known = this.#routes.get(url);
    if (known) known.methods.add(method);
    else this.#routes.set(url, { pattern: patternOf(url), methods: new Set([method]) });
  }

  /** All routes, as `METHOD /template`. */
  all(): string[] {
    return [...this.#routes].flatMap(([url, { methods }]) =>
      [...methods].map((method) => `${method} ${url}`),
    );
  }

  /** The methods of a request's path, without its query; empty for a path that does not exist. */
  of(path: string): string[] {
    const methods = new Set<string>();
    for (const route of this.#routes.values()) {
      if (route.pattern.test(path)) route.methods.forEach((method) => methods.add(method));
    }
    if (methods.size > 0) methods.add('OPTIONS');
    return [...methods].toSorted();
  }
}

/** Fastify's syntax as far as the product uses it: literal segments, `:name`, and `*` at the end. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => {
      if (part === '*') return '.*';
      return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
    })
    .join('/');
  return new RegExp(`^${source}$`);
}
