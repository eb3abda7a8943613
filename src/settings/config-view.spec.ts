import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { loadSettings } from '../config/load-settings.js';
import { yamlSchema } from '../config/yaml-schema.js';
import { configView } from './config-view.js';

describe('configView', () => {
  it('shows that a secret is set and nothing of it', () => {
    const settings = loadSettings({
      RISOLUTO_WRITE_TOKEN: 'canary-write-token-0123',
      RISOLUTO_READ_TOKEN: 'canary-read-token-0123',
      MASTER_KEY: 'canary-master',
      MASTER_KEY_PREVIOUS: 'canary-before',
      DOCKER_HOST: 'tcp://user:canary-password@127.0.0.1:2376',
    });
    const view = configView(settings);
    expect(JSON.stringify(view)).not.toContain('canary');
    expect(view.environment).toMatchObject({
      writeToken: '[REDACTED]',
      readToken: '[REDACTED]',
      masterKey: '[REDACTED]',
      previousMasterKey: '[REDACTED]',
      dockerHost: 'tcp://[REDACTED]@127.0.0.1:2376',
    });
    expect(configView(loadSettings({})).environment).toMatchObject({ writeToken: null });
  });

  it('has a schema that names every key', () => {
    const schema = JSON.stringify(
      z.toJSONSchema(yamlSchema, { io: 'input', unrepresentable: 'any' }),
    );
    for (const key of ['maxConcurrent', 'noNewPrivileges', 'writableRoots', 'webhooks']) {
      expect(schema).toContain(`"${key}"`);
    }
    expect(schema).toContain('"additionalProperties":false');
  });
});
