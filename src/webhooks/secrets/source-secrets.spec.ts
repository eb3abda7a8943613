import { describe, expect, it } from 'vitest';

import { TestClock } from '../../../test/support/webhook-inbox.js';
import { DomainError } from '../../kernel/domain-error.js';
import { Redacted } from '../../kernel/redacted.js';
import type { SecretVault } from '../../secrets/secret-vault.js';
import { linearSource } from '../sources/linear.source.js';
import type { ConfiguredSource } from './configured-sources.js';
import { SourceSecrets } from './source-secrets.js';

const GIVEN = new Redacted('given');
const SOURCE: ConfiguredSource = {
  ...{ id: 'linear', kind: linearSource, given: [GIVEN], stored: ['A', 'B'] },
};

/** A vault whose answers wait for `let`, where there is one. */
function vault(values: Map<string, Redacted>) {
  const state = { reads: 0, gate: Promise.resolve(), locked: false };
  const double: Pick<SecretVault, 'revealExisting'> = {
    async revealExisting(names) {
      state.reads += 1;
      if (state.locked) throw new DomainError('secrets_locked', 'locked');
      const found = new Map([...values].filter(([name]) => names.includes(name)));
      await state.gate;
      return found;
    },
  };
  return { state, double: double as SecretVault };
}

const shown = (secrets: readonly Redacted[]) => secrets.map((secret) => secret.reveal());

describe('the secrets of a source', () => {
  it('are those of the environment and those stored, and tell which are not there', async () => {
    const { double } = vault(new Map([['A', new Redacted('a')]]));
    const usable = await new SourceSecrets(double, new TestClock(0)).of(SOURCE);
    expect(shown(usable.secrets)).toEqual(['given', 'a']);
    expect(usable).toMatchObject({ missing: ['B'], locked: false });
  });

  it('are kept for a second, and forgotten at once when one changed', async () => {
    const values = new Map([['A', new Redacted('a')]]);
    const { state, double } = vault(values);
    const clock = new TestClock(0);
    const secrets = new SourceSecrets(double, clock);
    await secrets.of(SOURCE);
    clock.at += 999;
    await secrets.of(SOURCE);
    expect(state.reads).toBe(1);
    clock.at += 1;
    await secrets.of(SOURCE);
    expect(state.reads).toBe(2);
    values.delete('A');
    secrets.changed();
    expect(shown((await secrets.of(SOURCE)).secrets)).toEqual(['given']);
  });

  it('that were read while one changed are not kept', async () => {
    const values = new Map([['A', new Redacted('a')]]);
    const { state, double } = vault(values);
    const secrets = new SourceSecrets(double, new TestClock(0));
    let open: () => void = () => undefined;
    state.gate = new Promise((resolve) => (open = resolve));
    const before = secrets.of(SOURCE);
    values.delete('A');
    secrets.changed();
    open();
    expect(shown((await before).secrets)).toEqual(['given', 'a']);
    expect(shown((await secrets.of(SOURCE)).secrets)).toEqual(['given']);
  });

  it('are those of the environment where the others are locked', async () => {
    const { state, double } = vault(new Map());
    state.locked = true;
    const usable = await new SourceSecrets(double, new TestClock(0)).of(SOURCE);
    expect(shown(usable.secrets)).toEqual(['given']);
    expect(usable.locked).toBe(true);
  });
});
