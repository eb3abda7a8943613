import { expect, it } from 'vitest';

import { commentIdOf } from './comment-id.js';

const RUN = '01K8Z3Q5V7W9X1Y3Z5A7B9C1D3';

it('is the same for ever for one message, another for any other, and a UUID of version 4', () => {
  // A release that made another one would comment twice on what it sends again.
  expect(commentIdOf(RUN, 'started')).toBe('c3d6e94d-91d9-47fa-a42c-bf086e003f62');
  const others = [commentIdOf(RUN, 'finished'), commentIdOf(`${RUN.slice(0, -1)}4`, 'started')];
  expect(new Set([commentIdOf(RUN, 'started'), ...others]).size).toBe(3);
  for (const id of others) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
});
