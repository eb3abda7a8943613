import { DomainError } from '../kernel/domain-error.js';

/** A number of places, each for one client that is served for long. */
export class Places {
  #taken = 0;

  constructor(private readonly most: number) {}

  /**
   * Takes one; call the answer when it is free again.
   *
   * @throws DomainError `too_many_streams` when all are taken.
   */
  take(): () => void {
    if (this.#taken >= this.most) {
      throw new DomainError(
        'too_many_streams',
        'Too many clients wait or follow; try again later',
        {
          retryAfterSeconds: 5,
        },
      );
    }
    this.#taken += 1;
    let free = () => {
      this.#taken -= 1;
      free = () => undefined;
    };
    return () => free();
  }
}
