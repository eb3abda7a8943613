import { world } from '../support/world.js';

/** Nothing in the directory can be written until the answer is called; nobody has a file open in it. */
export async function setReadOnly(directory: string): Promise<() => Promise<void>> {
  await world.onHost('mount', '--bind', directory, directory);
  await world.onHost('mount', '-o', 'remount,bind,ro', directory);
  return () => world.onHost('umount', directory).then(() => undefined);
}
