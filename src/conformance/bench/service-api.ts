import type { IncomingMessage } from 'node:http';

interface Options {
  query?: Readonly<Record<string, string | number | undefined>>;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** The service’s REST API, as any client has it; paths begin behind `/api/v1`. */
export interface ServiceApi {
  readonly url: string;
  get<T>(path: string, options?: Options): Promise<T>;
  request<T>(method: string, path: string, options?: Options): Promise<T>;
  /** Answers once the headers are there; the caller reads or destroys the body. */
  stream(path: string, options: Options): Promise<IncomingMessage>;
}
