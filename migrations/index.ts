import { CreateStorageProbe1795392000000 } from './1795392000000-create-storage-probe.js';

/** Every migration, in the order of its time stamp; none is ever edited or removed once released. */
export const migrations = [CreateStorageProbe1795392000000];
