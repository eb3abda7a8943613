import {
  failed,
  notChecked,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { CHANGE_KEY } from './master-key.checks.js';

/** NIST SP 800-38D, 8.3: of texts under one key, each with a random IV of 96 bits. */
const MOST_ENCRYPTIONS = 2 ** 32;
const SOON = MOST_ENCRYPTIONS / 4;

const ROTATE = 'npx risoluto secrets rotate-key';

export interface KeyUseFacts {
  readonly locked: boolean;
  /** Under the key in use. */
  readonly encryptions: number;
  /** Something is still under the key before. */
  readonly rotationPending: boolean;
}

/** Whether the key in use may encrypt on, and is the only one. Pure. */
export function judgeKeyUse({
  locked,
  encryptions,
  rotationPending,
}: KeyUseFacts): HardeningFinding {
  if (locked) return notChecked('no master key is set');
  const count = `The master key has encrypted ${encryptions} texts, of at most ${MOST_ENCRYPTIONS}.`;
  if (encryptions >= MOST_ENCRYPTIONS) {
    return failed(`${count} Change it now: docs/operations.md says how.`, CHANGE_KEY);
  }
  if (encryptions >= SOON) {
    return warned(`${count} Change it soon: docs/operations.md says how.`, CHANGE_KEY);
  }
  if (rotationPending) {
    return warned(
      'Secrets are still encrypted with the key before, so it cannot be put away yet.',
      ROTATE,
    );
  }
  return passed(count);
}

export class MasterKeyUseCheck implements HardeningCheck {
  readonly id = 'master-key-use';
  readonly title = 'Use of the master key';
  readonly kind = 'quick';

  constructor(private readonly facts: () => KeyUseFacts) {}

  check(): Promise<HardeningFinding> {
    return Promise.resolve(judgeKeyUse(this.facts()));
  }
}
