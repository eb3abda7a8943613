import type { CipherRing } from './crypto/cipher-ring.js';
import type { Sealed } from './crypto/sealed.js';
import { DecryptionError } from './crypto/secret-cipher.js';
import { isMadeWith } from './key-witness.js';
import type { Resealer } from './sealed-keepers.js';

export function resealerOf(ring: CipherRing): Resealer {
  return {
    forRun: (runId, sealed) => resealRun(ring, runId, sealed),
    isOfNewKey: (made) => isMadeWith(ring.current, made),
  };
}

function resealRun(ring: CipherRing, runId: string, sealed: string): string | null {
  try {
    const text = ring.openForRun(runId, JSON.parse(sealed) as Sealed);
    return JSON.stringify(ring.current.sealForRun(runId, text));
  } catch (error) {
    if (error instanceof DecryptionError) return null;
    throw error;
  }
}
