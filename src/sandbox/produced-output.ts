import { Readable } from 'node:stream';
import { callbackify } from 'node:util';

import { standardOutput } from './attached-output.js';

/** A helper that ended by itself, but not with 0. */
export class HelperFailed extends Error {
  constructor(
    purpose: string,
    readonly exitCode: number,
    said: string,
  ) {
    super(`helper ${purpose} ended with ${exitCode}: ${said}`);
    this.name = 'HelperFailed';
  }
}

export interface ProducingHelper {
  purpose: string;
  attached: Readable;
  /** Waits for its end. */
  exitCode: () => Promise<number>;
  remove: () => Promise<void>;
}

/**
 * What a helper prints. Fails with `HelperFailed`; is closed when the helper is removed. Not
 * `Readable.from`, which waits for the helper's next piece before it lets go of it.
 */
export function producedOutput(helper: ProducingHelper): Readable {
  const pieces = piecesOf(helper);
  return new Readable({
    read() {
      pieces.next().then(
        ({ value, done }) => this.push(done === true ? null : value),
        (error: Error) => this.destroy(error),
      );
    },
    destroy: (error, closed) => {
      helper.attached.destroy();
      callbackify(helper.remove)(() => closed(error));
    },
  });
}

async function* piecesOf({ purpose, attached, exitCode }: ProducingHelper) {
  let said = '';
  yield* standardOutput(attached, (text) => (said += text));
  const code = await exitCode();
  if (code !== 0) throw new HelperFailed(purpose, code, said);
}
