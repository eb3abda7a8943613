/** The backup or the restore is not begun, or not finished, and why; nothing has changed. */
export class BackupRefused extends Error {}
