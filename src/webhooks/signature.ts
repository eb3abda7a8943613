import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

const DIGEST_BYTES = 32;
const HEX_DIGEST = /^[0-9a-f]{64}$/;
const BASE64_DIGEST = /^[A-Za-z0-9+/]{43}=$/;

/** A signature that a client presented; one that is malformed is compared all the same. */
export interface PresentedSignature {
  readonly bytes: Buffer;
  readonly wellFormed: boolean;
}

/** SHA-256 in lower-case hexadecimal, as Linear and GitHub write it, and no other spelling of it. */
export function hexSignature(text: string): PresentedSignature {
  return presented(Buffer.from(text, 'hex'), HEX_DIGEST.test(text));
}

/** SHA-256 in base64 with padding; of the spellings that decode to the same bytes, the canonical one. */
export function base64Signature(text: string): PresentedSignature {
  const bytes = Buffer.from(text, 'base64');
  return presented(bytes, BASE64_DIGEST.test(text) && bytes.toString('base64') === text);
}

function presented(decoded: Buffer, wellFormed: boolean): PresentedSignature {
  const bytes = Buffer.alloc(DIGEST_BYTES);
  decoded.copy(bytes, 0, 0, DIGEST_BYTES);
  return { bytes, wellFormed };
}

/**
 * Whether one of the keys signs these pieces, one after another, so. Every key is tried with every
 * signature and every digest is compared whole, so that the time tells nothing of what was wrong.
 */
export function isSigned(
  pieces: readonly (string | Buffer)[],
  keys: readonly KeyObject[],
  signatures: readonly PresentedSignature[],
): boolean {
  let matches = 0;
  for (const key of keys) {
    const hmac = createHmac('sha256', key);
    for (const piece of pieces) hmac.update(piece);
    const digest = hmac.digest();
    for (const { bytes, wellFormed } of signatures) {
      matches += Number(timingSafeEqual(digest, bytes)) & Number(wellFormed);
    }
  }
  return matches > 0;
}
