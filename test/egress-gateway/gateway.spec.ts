import { afterAll, beforeAll, describe, it } from 'vitest';

import { describeAlike } from '../support/long-form.js';
import { expectNoRemains } from '../support/remains.js';
import { allowlistCases } from './allowlist-cases.js';
import { FilteredLab } from './filtered-lab.js';
import { identityCases } from './identity-cases.js';
import { requestCases } from './request-cases.js';
import { RUNTIMES } from './sandboxes.js';
import { serverNameCases } from './server-name-cases.js';
import { targetCases } from './target-cases.js';

describe.each(RUNTIMES)('through the gateway, %s', (runtime) => {
  const lab = new FilteredLab(runtime);

  beforeAll(() => lab.start());
  afterAll(() => lab.stop());

  identityCases(lab);

  // What it makes of a request does not depend on what runs its client.
  describeAlike(runtime)('as any client', () => {
    allowlistCases(lab);
    serverNameCases(lab);
    requestCases(lab);
    targetCases(lab);
  });

  // oxlint-disable-next-line vitest/expect-expect -- it expects nothing to be there
  it('leaves nothing', () => expectNoRemains(lab.service));
});
