export const SECRET_SET = 'secret.set';
export const SECRET_DELETED = 'secret.deleted';

/** All that is sealed under the master key is under another one since. Target: `master-key`. */
export const KEY_ROTATED = 'secrets.key_rotated';
/** `secrets.enc` was written by another program, and holds what it holds since. */
export const FILE_ADOPTED = 'secrets.file_adopted';
/** All values left for a file, sealed. */
export const EXPORTED = 'secrets.exported';
