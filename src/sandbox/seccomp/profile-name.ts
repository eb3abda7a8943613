import { HARDENED_PROFILE } from '../../config/seccomp-setting.js';

/** What reports call the profile of a setting: the operator's own is never named by its path. */
export function profileName(
  setting: string,
  gvisor: boolean,
): 'default' | 'gvisor' | 'hardened' | 'operator' {
  if (setting === HARDENED_PROFILE) return HARDENED_PROFILE;
  if (setting !== '') return 'operator';
  return gvisor ? 'gvisor' : 'default';
}
