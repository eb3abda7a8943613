import { afterAll, expect, it } from 'vitest';

import { openRunDatabase } from '../../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import { RunUsageRepository } from './run-usage.repository.js';
import { RunUsages } from './run-usages.js';

afterAll(removeTemporaryDirectories);

it('is stored with the run, and summed over the runs of its issue', async () => {
  const at = await openRunDatabase();
  const usages = new RunUsages(at.transactions, at.runs, new RunUsageRepository(at.db.read));
  const [one, two, other] = await at.add(['MT-1', 'MT-1', 'MT-2']);
  const count = (id: string | undefined, inputTokens: number) =>
    usages.count(id ?? '', {
      threadId: `thread-${String(id)}`,
      total: { inputTokens, cachedInputTokens: 0, outputTokens: 5, reasoningOutputTokens: 0 },
      costMicrosOf: ({ inputTokens: more }) => more * 2,
    });

  await count(one, 100);
  await count(other, 1000);
  expect(await count(two, 10)).toEqual({
    run: { tokens: 15, costMicros: 20 },
    issue: { tokens: 120, costMicros: 220 },
  });
  expect(await count(one, 150)).toEqual({
    run: { tokens: 155, costMicros: 300 },
    issue: { tokens: 170, costMicros: 320 },
  });
  expect(await usages.spent(two ?? '')).toEqual({
    run: { tokens: 15, costMicros: 20 },
    issue: { tokens: 170, costMicros: 320 },
  });
  await at.db.close();
});
