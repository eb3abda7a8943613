/** No room, a file system that turned read-only or fails, no descriptors or memory left. */
const PASSING = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
]);

/**
 * The code of an operating system's error that is the machine's fault and can end by itself, so that
 * the same call may succeed later; `null` for any other error.
 */
export function hostFault(error: unknown): string | null {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' && PASSING.has(code) ? code : null;
}

/** As `hostFault`, of the error or of any that it was made of. */
export function hostFaultBehind(error: unknown): string | null {
  const own = hostFault(error);
  if (own !== null || !(error instanceof Error) || error.cause === undefined) return own;
  return hostFaultBehind(error.cause);
}
