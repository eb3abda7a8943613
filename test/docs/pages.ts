import type { ServiceOptions } from '../support/service.js';

/** What a page takes for granted before its first command. */
export interface PageSetup {
  /** The service that it talks to on port 4000; null where the page starts its own. */
  service: ServiceOptions | null;
  /** Of the reader's shell. */
  env: Record<string, string>;
  /** Of GitHub's `${{ … }}`. */
  expressions: Record<string, string>;
}

const USUAL: PageSetup = { service: {}, env: {}, expressions: {} };

const SETUPS: Readonly<Record<string, Partial<PageSetup>>> = {
  'README.md': { service: null },
};

/** Pages that are written before what they tell of: none of their commands is run. */
export const AHEAD: ReadonlySet<string> = new Set([
  'docs/ci.md',
  'docs/custom-sandbox.md',
  'docs/hardening.md',
]);

/** A page that says nothing else finds a service with all defaults. */
export function setupOf(path: string): PageSetup {
  return { ...USUAL, ...SETUPS[path] };
}
