const COMMON = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-DNS-Prefetch-Control': 'off',
  'X-Permitted-Cross-Domain-Policies': 'none',
} as const;

/** For everything but the documentation: nothing that we answer is a page. */
const API_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON,
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
};

/**
 * For Swagger UI: our own scripts, and inline style, which it writes itself. It may call this
 * service and nothing else, so that a document cannot send a token away.
 */
const DOCS_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON,
  'Content-Security-Policy': [
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
  'Cache-Control': 'no-cache',
};

/** The headers of every answer, by the request's path. */
export function securityHeadersFor(path: string): Readonly<Record<string, string>> {
  return path === '/docs' || path.startsWith('/docs/') ? DOCS_HEADERS : API_HEADERS;
}
