import { RUNTIMES, type Runtime } from '../egress-gateway/sandboxes.js';
import { sized } from '../support/long-form.js';

/** Those under which Codex is tried where no difference is known: gVisor in the long form alone. */
export const RUNTIMES_TRIED: readonly Runtime[] = RUNTIMES.slice(0, sized(1, RUNTIMES.length));
