/** What is known about a request once it has been answered. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly method: string;
  /** Without the query, which may hold what a log must not. */
  readonly path: string;
  /** The route's template, or `unmatched`; a bounded set, fit for a metric's label. */
  readonly route: string;
  /** 499 where the client was gone before an answer had begun. */
  readonly status: number;
  /** The answer did not reach its end: the client went away, or the service cut it. */
  readonly aborted: boolean;
  readonly durationMs: number;
  readonly clientAddress: string;
  /** Who wrote, or tried to; `undefined` for reads. */
  readonly actor: string | undefined;
  /** The `X-Request-ID` that the client sent: untrusted text, cut and cleaned. */
  readonly clientRequestId: string | undefined;
}

export type RequestObserver = (answered: AnsweredRequest) => void;

/** Who hears about every answer, those of Fastify's router and of Node's parser too. */
export class RequestObservers {
  readonly #observers: RequestObserver[] = [];

  register(observer: RequestObserver): void {
    this.#observers.push(observer);
  }

  tell(answered: AnsweredRequest): void {
    for (const observer of this.#observers) observer(answered);
  }
}
