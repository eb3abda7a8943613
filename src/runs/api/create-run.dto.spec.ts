import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { describe, expect, it } from 'vitest';

import { CreateRunDto } from './create-run.dto.js';

const least = { issue: 'MT-1', command: ['true'] };

async function wrongFields(body: object): Promise<string[]> {
  return (await validate(plainToInstance(CreateRunDto, body))).map(({ property }) => property);
}

describe('CreateRunDto', () => {
  it('takes a request without its optional fields', async () => {
    expect(await wrongFields(least)).toEqual([]);
  });

  it.each(['image', 'env', 'secrets', 'policy', 'timeoutSeconds', 'keepAlive', 'issue', 'command'])(
    'refuses null for %s',
    async (field) => {
      expect(await wrongFields({ ...least, [field]: null })).toEqual([field]);
    },
  );
});
