import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { documentText } from '../support/api-document.js';
import { startService, type RunningService } from '../support/service.js';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

/** What a page loads, resolved as a browser would. */
function referencesOf(html: string, page: string): URL[] {
  const references = html.matchAll(/(?:src|href)="([^"#]+)"/g);
  return [...references].map(([, reference]) => new URL(reference ?? '', `${service.url}${page}`));
}

describe.each(['/docs', '/docs/'])('the documentation at %s', (page) => {
  it('loads everything from this service, under a policy that allows nothing else', async () => {
    const { status, text, headers } = await service.api('GET', page);
    expect(status).toBe(200);
    const policy = headers['content-security-policy'] as string;
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).not.toMatch(/https?:|unsafe-eval|\*/);
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>\s*\S/);
    const references = referencesOf(text, page);
    expect(references.length).toBeGreaterThan(4);
    for (const { origin, pathname } of references) {
      expect(origin).toBe(service.url);
      const asset = await service.api('GET', pathname);
      expect([pathname, asset.status]).toEqual([pathname, 200]);
    }
  });

  it('shows the document that /api/v1/openapi.json serves', async () => {
    const script = await service.api('GET', '/docs/swagger-ui-init.js');
    const { body } = await service.api('GET', '/api/v1/openapi.json');
    for (const path of Object.keys(body.paths as object))
      expect(script.text).toContain(`"${path}"`);
    expect(body.openapi).toBe('3.1.0');
  });

  it('is what the build exported, to the letter', async () => {
    const { body } = await service.api('GET', '/api/v1/openapi.json');
    expect(`${JSON.stringify(body, null, 2)}\n`).toBe(documentText());
  });

  it('gives out no other file', async () => {
    for (const path of [
      '/docs/package.json',
      '/docs/../package.json',
      '/docs/%2e%2e/package.json',
    ]) {
      const { status, text } = await service.api('GET', path);
      expect([path, status]).toEqual([path, expect.any(Number)]);
      expect(text).not.toContain('risoluto-known');
      if (path !== '/docs/package.json') expect(status).toBeGreaterThanOrEqual(400);
    }
  });
});
