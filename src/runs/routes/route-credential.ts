import { createHash, randomBytes } from 'node:crypto';

import { filledTemplate, type SecretRouteSettings } from '../../config/credential-routes-schema.js';
import type { CredentialState } from '../../egress/gateway/routes/credential-route.js';
import { Redacted } from '../../kernel/redacted.js';
import { maskedForms } from '../masking/masked-forms.js';

/** What a header may hold, in the bytes of Latin-1. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]+$/;
/** So that a stamp says nothing of the secret that it was made from. */
const SALT = randomBytes(32);

/** What the gateway adds on a route whose secret has this value. */
export function routeCredential(
  { header, valueTemplate, secret }: SecretRouteSettings,
  value: Redacted,
): CredentialState {
  const plain = value.reveal();
  const filled = filledTemplate(valueTemplate, plain);
  if (!isSendable(filled) || plain.trim() !== plain) {
    return { problem: `the secret ${secret} holds what no header can carry, such as a line break` };
  }
  return {
    headers: [{ name: header, value: new Redacted(filled) }],
    forms: secretForms(valueTemplate, plain),
    stamp: stampOf(filled),
  };
}

/** Whether a header can carry it. */
export function isSendable(value: string): boolean {
  return SENDABLE.test(value);
}

/** The same for the same value while this process lives; says nothing of it. */
export function stampOf(value: string): string {
  return createHash('sha256').update(SALT).update(value).digest('base64url');
}

/** All forms in which any of the values is known again. */
export function formsOf(values: readonly string[]): Buffer[] {
  return values
    .filter((one) => one !== '')
    .map(maskedForms)
    .flatMap(({ exact, wrapped }) => [...exact, ...wrapped]);
}

/** Of a user name and password in base64, the password is a secret in itself. */
function secretForms(template: string, value: string): Buffer[] {
  const values = [value];
  if (/^ *basic /i.test(template) && /^[A-Za-z0-9+/=_-]+$/.test(value)) {
    const pair = Buffer.from(value, 'base64').toString('utf8');
    values.push(pair, pair.slice(pair.indexOf(':') + 1));
  }
  return formsOf(values);
}
