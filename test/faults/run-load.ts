import { setTimeout as sleep } from 'node:timers/promises';

import type { OutputLine } from '../runs/run-output.js';
import { sh } from '../runs/run-questions.js';
import type { RunningService } from '../support/service.js';
import { expectOneOf, expectSame } from './expectations.js';
import { followed } from './follower.js';
import type { Life } from './life.js';
import { kindAt, RUN_KINDS, type RunKind } from './run-kinds.js';

/** More than run at once, so that some always wait. */
const MOST_OPEN = 8;
const PAUSE_MS = 20;
const ISSUES = 5;

/** A request for a run, as its client remembers it. */
export interface Attempt {
  /** Its command leaves this word in the workspace each time that it begins. */
  mark: string;
  kind: RunKind;
  issue: string;
  key: string | null;
  /** Acknowledged by 202. */
  id: string | null;
  cancel: 'no' | 'sent' | 'acknowledged';
  /** What a client was shown that followed the output. */
  shown: Promise<OutputLine[]> | null;
  done: boolean;
}

/** Sends runs of all kinds, repeats those without an answer, cancels some and follows others. */
export class RunLoad {
  readonly attempts: Attempt[] = [];

  constructor(
    private readonly service: RunningService,
    private readonly random: () => number,
  ) {}

  get open(): Attempt[] {
    return this.attempts.filter(({ id, done }) => id !== null && !done);
  }

  /** One that was acknowledged. */
  ofKind(name: string): Attempt | undefined {
    return this.attempts.find(({ id, kind }) => id !== null && kind.name === name);
  }

  send(life: Life): Promise<unknown> {
    const retries = this.attempts.filter(({ key, id }) => key !== null && id === null);
    return Promise.all([
      life.repeat(async () => {
        const again = retries.shift();
        if (again !== undefined) return this.#post(life, again);
        if (this.open.length < MOST_OPEN) await this.#post(life, this.#next());
        await sleep(PAUSE_MS);
      }),
      life.repeat(async () => {
        for (const attempt of this.open) {
          if (attempt.kind.endless && this.random() < 0.3) await this.#cancel(life, attempt);
        }
        await sleep(10 * PAUSE_MS);
      }),
    ]);
  }

  /** Ends all that do not end by themselves. */
  async cancelRest(life: Life): Promise<void> {
    for (const attempt of this.open) if (attempt.kind.endless) await this.#cancel(life, attempt);
  }

  #next(): Attempt {
    const mark = `mark-${this.attempts.length + 1}`;
    const attempt: Attempt = {
      mark,
      // One of each first: a short load would miss some by chance.
      kind: RUN_KINDS[this.attempts.length] ?? kindAt(this.random()),
      issue: `LOAD-${Math.floor(this.random() * ISSUES)}`,
      key: this.random() < 0.8 ? `key-${mark}` : null,
      id: null,
      cancel: 'no',
      shown: null,
      done: false,
    };
    this.attempts.push(attempt);
    return attempt;
  }

  async #post(life: Life, attempt: Attempt): Promise<void> {
    const twice = attempt.key !== null && this.random() < 0.2;
    const answers = await Promise.all(
      Array.from({ length: twice ? 2 : 1 }, () => this.#postOnce(life, attempt)),
    );
    expectSame(new Set(answers).size, 1, `runs of ${attempt.mark}`);
    if (this.random() < 0.4) attempt.shown = followed(this.service, answers[0] ?? '');
  }

  async #postOnce(life: Life, attempt: Attempt): Promise<string> {
    const { key, kind, mark, issue } = attempt;
    const { status, text, body } = await life.api('POST', '/api/v1/runs', {
      headers: key === null ? {} : { 'idempotency-key': key },
      body: {
        issue,
        command: ['bash', ...sh(`echo ${mark} >>ledger; ${kind.script}`).slice(1)],
        ...kind.extra,
      },
    });
    expectSame(status, 202, text);
    const id = body.id as string;
    expectOneOf(attempt.id, [null, id], `the run of ${mark}`);
    attempt.id = id;
    return id;
  }

  async #cancel(life: Life, attempt: Attempt): Promise<void> {
    if (attempt.cancel === 'no') attempt.cancel = 'sent';
    const { status, text } = await life.api('POST', `/api/v1/runs/${attempt.id}/cancel`);
    expectOneOf(status, [202, 409], text);
    attempt.cancel = 'acknowledged';
  }
}
