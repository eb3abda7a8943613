import type { LoggerService } from '@nestjs/common';

/** Only what a person has to know, as remarks on standard error. */
export class OfflineLogger implements LoggerService {
  constructor(private readonly note: (text: string) => void) {}

  log(): void {}

  warn(message: unknown): void {
    this.#tell(message);
  }

  error(message: unknown, ...rest: unknown[]): void {
    // What Nest throws as well is told once, by whoever catches it.
    if (rest.at(-1) !== 'ExceptionHandler') this.#tell(message);
  }

  fatal(message: unknown): void {
    this.#tell(message);
  }

  #tell(message: unknown): void {
    this.note(message instanceof Error ? message.message : String(message));
  }
}
