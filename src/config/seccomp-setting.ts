/** The value of `codex.sandbox.security.seccompProfile` that stands for our own profile. */
export const HARDENED_PROFILE = 'hardened';
