import { Injectable } from '@nestjs/common';

/** Issues whose workspace somebody uses beside runs; no run of theirs is taken from the queue. */
@Injectable()
export class HeldWorkspaces {
  readonly #issues = new Set<string>();

  get issues(): readonly string[] {
    return [...this.#issues];
  }

  /** `false` where somebody has it. */
  add(issue: string): boolean {
    if (this.#issues.has(issue)) return false;
    this.#issues.add(issue);
    return true;
  }

  delete(issue: string): void {
    this.#issues.delete(issue);
  }
}
