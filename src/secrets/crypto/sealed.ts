/** A ciphertext with what it takes to open it, but the key; all base64. */
export interface Sealed {
  readonly ciphertext: string;
  /** 12 bytes, fresh for each sealing. */
  readonly iv: string;
  /** 16 bytes. */
  readonly authTag: string;
}

/** Risoluto 0.6: nothing binds the row to its name. Only read. */
export const FORMAT_UNBOUND = 0;

/** Format and name are additional authenticated data. */
export const FORMAT_BOUND = 1;

export interface StoredSecret extends Sealed {
  readonly key: string;
  readonly format: number;
}
