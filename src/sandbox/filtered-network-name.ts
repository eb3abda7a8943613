const OPEN_DEFAULT = 'risoluto-internal';
const FILTERED_DEFAULT = 'risoluto-filtered';

/**
 * The network that filtered sandboxes join where `name` is configured. An operator's own is used
 * as it is; beside one of ours, or one that does not exist, ours has a name of its own.
 */
export function filteredNetworkName(name: string, isOwn: boolean): string {
  if (isOwn) return name;
  return name === OPEN_DEFAULT ? FILTERED_DEFAULT : `${name}-filtered`;
}
