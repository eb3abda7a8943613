import { describe, expect, it } from 'vitest';

import { AllowedMethods } from './allowed-methods.js';

function methods(): AllowedMethods {
  const allowed = new AllowedMethods();
  allowed.add('GET', '/api/v1/runs');
  allowed.add('HEAD', '/api/v1/runs');
  allowed.add('POST', '/api/v1/runs');
  allowed.add('DELETE', '/api/v1/secrets/:key');
  allowed.add('POST', '/api/v1/runs/:id/cancel');
  allowed.add('GET', '/docs/*');
  return allowed;
}

describe('AllowedMethods', () => {
  it.each([
    ['/api/v1/runs', ['GET', 'HEAD', 'OPTIONS', 'POST']],
    ['/api/v1/secrets/a.b', ['DELETE', 'OPTIONS']],
    ['/api/v1/runs/x/cancel', ['OPTIONS', 'POST']],
    ['/docs/a/b', ['GET', 'OPTIONS']],
    ['/api/v1/runs/', []],
    ['/api/v1/secrets/', []],
    ['/api/v1/secrets/a/b', []],
    ['/API/v1/runs', []],
    ['/x/api/v1/runs', []],
  ])('of %s are %j', (path, expected) => {
    expect(methods().of(path)).toEqual(expected);
  });
});
