/** In lower case, as Fastify keeps them: it would make a new string of each name for each answer. */
const COMMON = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-dns-prefetch-control': 'off',
  'x-permitted-cross-domain-policies': 'none',
} as const;

/** For everything but the documentation: nothing that we answer is a page. */
const API_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};

/**
 * For Swagger UI: our own scripts, and inline style, which it writes itself. It may call this
 * service and nothing else, so that a document cannot send a token away.
 */
const DOCS_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON,
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
};

/** The headers of every answer, by the request's path. */
export function securityHeadersFor(path: string): Readonly<Record<string, string>> {
  return path === '/docs' || path.startsWith('/docs/') ? DOCS_HEADERS : API_HEADERS;
}
