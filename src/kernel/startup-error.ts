/**
 * The service cannot start, and an operator can do something about it. `main` prints `message` as
 * one line, without a stack, and exits with 1; so it says what to do and holds no secret.
 */
export class StartupError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'StartupError';
  }
}
