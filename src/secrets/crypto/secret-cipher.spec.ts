import { createCipheriv, createHash, randomBytes } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Redacted } from '../../kernel/redacted.js';
import { FORMAT_BOUND, FORMAT_UNBOUND, type StoredSecret } from './sealed.js';
import { DecryptionError, SecretCipher } from './secret-cipher.js';

const MASTER_KEY = 'a master key of the tests';
const cipher = new SecretCipher(new Redacted(MASTER_KEY));
const seal = (key: string, value: string) => cipher.seal(key, new Redacted(value));

const name = fc.stringMatching(/^[\w.:-]{1,128}$/);
const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 });
const FIELDS = ['ciphertext', 'iv', 'authTag'] as const;

/** As Risoluto 0.6 wrote it: no additional data. */
function sealAsBefore(key: string, text: string): StoredSecret {
  const iv = randomBytes(12);
  const gcm = createCipheriv('aes-256-gcm', createHash('sha256').update(MASTER_KEY).digest(), iv);
  const ciphertext = Buffer.concat([gcm.update(text, 'utf8'), gcm.final()]).toString('base64');
  const authTag = gcm.getAuthTag().toString('base64');
  return { key, format: FORMAT_UNBOUND, ciphertext, iv: iv.toString('base64'), authTag };
}

/** Every failure must look like every other one, or it tells an attacker how far he came. */
function expectRefused(secret: StoredSecret, by = cipher): void {
  let caught: unknown;
  try {
    by.open(secret);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(DecryptionError);
  expect(caught).toMatchObject({ message: 'cannot be decrypted' });
  expect((caught as Error).cause).toBeUndefined();
}

describe('SecretCipher', () => {
  it('opens what it sealed, whatever name and value', () => {
    fc.assert(
      fc.property(name, value, (key, text) => {
        expect(cipher.open(seal(key, text)).reveal()).toBe(text);
      }),
    );
  });

  it('keeps values to the byte, a byte order mark included', () => {
    for (const text of ['\ufeffx', ' ', '\0', '\r\n', 'é', 'e\u0301', '😀', 'x'.repeat(65_536)]) {
      expect(cipher.open(seal('K', text)).reveal()).toBe(text);
    }
  });

  it('is AES-256-GCM with a 12-byte IV and a 16-byte tag, and hides the value', () => {
    const sealed = seal('K', 'canary');
    expect(Buffer.from(sealed.iv, 'base64')).toHaveLength(12);
    expect(Buffer.from(sealed.authTag, 'base64')).toHaveLength(16);
    expect(Buffer.from(sealed.ciphertext, 'base64')).toHaveLength(6);
    expect(JSON.stringify(sealed)).not.toContain('canary');
  });

  it('uses no IV twice', () => {
    const ivs = new Set(Array.from({ length: 20_000 }, () => seal('K', 'v').iv));
    expect(ivs.size).toBe(20_000);
  });

  it('refuses a row with any bit of any field flipped', () => {
    fc.assert(
      fc.property(name, value, fc.constantFrom(...FIELDS), fc.nat(), (key, text, field, at) => {
        const sealed = seal(key, text);
        const bytes = Buffer.from(sealed[field], 'base64');
        const bit = at % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expectRefused({ ...sealed, [field]: bytes.toString('base64') });
      }),
    );
  });

  it('refuses a row with any character of its text changed, those that decode alike included', () => {
    const sealed = seal('K', 'value');
    for (const field of FIELDS) {
      for (const [at, own] of sealed[field].split('').entries()) {
        for (const other of ['A', 'B', '/', '=', '\n', ' ', '-', '_', '\0'].filter(
          (c) => c !== own,
        )) {
          const text = sealed[field].slice(0, at) + other + sealed[field].slice(at + 1);
          expectRefused({ ...sealed, [field]: text });
        }
      }
    }
  });

  it('refuses fields that are truncated, extended, emptied or of another length', () => {
    const sealed = seal('K', 'value');
    for (const field of FIELDS) {
      const bytes = Buffer.from(sealed[field], 'base64');
      for (let length = 0; length < bytes.length; length++) {
        expectRefused({ ...sealed, [field]: bytes.subarray(0, length).toString('base64') });
      }
      const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
      expectRefused({ ...sealed, [field]: longer.toString('base64') });
      expectRefused({ ...sealed, [field]: `${sealed[field]}=` });
    }
  });

  it('refuses a row that was moved to another name', () => {
    fc.assert(
      fc.property(name, name, value, (from, to, text) => {
        fc.pre(from !== to);
        expectRefused({ ...seal(from, text), key: to });
      }),
    );
  });

  it.each(FIELDS)('refuses two rows that changed their %s', (field) => {
    const [one, other] = [seal('ONE', 'value one'), seal('TWO', 'value two')];
    expectRefused({ ...one, [field]: other[field] });
    expectRefused({ ...seal('ONE', 'newer'), [field]: one[field] });
  });

  it('refuses another format than the row was written in, and formats that do not exist', () => {
    const bound = seal('K', 'value');
    for (const format of [FORMAT_UNBOUND, 2, -1, Number.NaN]) expectRefused({ ...bound, format });
    expectRefused({ ...sealAsBefore('K', 'value'), format: FORMAT_BOUND });
  });

  it('refuses another key in the same way', () => {
    const other = new SecretCipher(new Redacted(`${MASTER_KEY} `));
    expectRefused(seal('K', 'value'), other);
    expectRefused(sealAsBefore('K', 'value'), other);
  });

  it('reads rows of Risoluto 0.6', () => {
    fc.assert(
      fc.property(name, value, (key, text) => {
        expect(cipher.open(sealAsBefore(key, text)).reveal()).toBe(text);
      }),
    );
  });

  it('opens what was sealed for a run for that run alone, and for no secret', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(...FIELDS), fc.nat(), (text, field, at) => {
        const sealed = cipher.sealForRun('RUN', new Redacted(text));
        expect(cipher.openForRun('RUN', sealed).reveal()).toBe(text);
        expectRefused({ key: 'RUN', format: FORMAT_BOUND, ...sealed });
        expectRefused({ key: 'RUN', format: FORMAT_UNBOUND, ...sealed });
        const bits = Buffer.from(sealed[field], 'base64');
        const bit = at % (bits.length * 8);
        bits.writeUInt8(bits.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        for (const open of [
          () => cipher.openForRun('OTHER', sealed),
          () => cipher.openForRun('RUN', seal('RUN', text)),
          () => cipher.openForRun('RUN', { ...sealed, [field]: bits.toString('base64') }),
          () => new SecretCipher(new Redacted('other')).openForRun('RUN', sealed),
        ]) {
          expect(open).toThrow(DecryptionError);
        }
      }),
    );
  });

  it('knows its own key check, no other key’s, and takes no secret for one', () => {
    const check = cipher.sealKeyCheck();
    expect(cipher.opensKeyCheck(check)).toBe(true);
    expect(new SecretCipher(new Redacted('other')).opensKeyCheck(check)).toBe(false);
    expect(cipher.opensKeyCheck(seal('K', 'the key that opens this opens every secret'))).toBe(
      false,
    );
    expectRefused({ key: 'K', format: FORMAT_BOUND, ...check });
  });
});
