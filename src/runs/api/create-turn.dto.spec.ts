import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { describe, expect, it } from 'vitest';

import { CreateTurnDto } from './create-turn.dto.js';

async function wrongFields(body: object): Promise<string[]> {
  const strict = { whitelist: true, forbidNonWhitelisted: true };
  return (await validate(plainToInstance(CreateTurnDto, body), strict)).map(
    ({ property }) => property,
  );
}

describe('CreateTurnDto', () => {
  it('takes a request without its optional fields', async () => {
    expect(await wrongFields({ command: ['true'] })).toEqual([]);
  });

  it('takes a prompt in place of a command, and not beside it', async () => {
    expect(await wrongFields({ prompt: 'do it' })).toEqual([]);
    expect(await wrongFields({ prompt: null })).toEqual(['prompt']);
    expect(await wrongFields({ prompt: ' ' })).toEqual(['prompt']);
    expect(await wrongFields({})).toEqual(['command']);
  });

  it.each(['command', 'env', 'secrets', 'turnSandboxPolicy', 'timeoutSeconds'])(
    'refuses null for %s',
    async (field) => {
      expect(await wrongFields({ command: ['true'], [field]: null })).toEqual([field]);
    },
  );

  it.each([
    { command: [] },
    { command: 'true' },
    { env: { A: 1 } },
    { secrets: [''] },
    { turnSandboxPolicy: 'readOnly' },
    { timeoutSeconds: 0 },
    { timeoutSeconds: 1.5 },
    { prompt: 'do it' },
    { policy: {} },
    { issue: 'MT-1' },
    { keepAlive: true },
  ])('refuses %j', async (wrong) => {
    expect(await wrongFields({ command: ['true'], ...wrong })).toEqual([Object.keys(wrong)[0]]);
  });
});
