/** That the master key in use has a copy elsewhere. */
export const BACKUP = 'master-key-backup';

export const BACKUP_WITHDRAWN = 'hardening.acknowledgement_withdrawn';
