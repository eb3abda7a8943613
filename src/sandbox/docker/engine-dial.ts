import type Docker from 'dockerode';

export interface EngineRequest {
  method: 'GET' | 'POST';
  /** With a trailing `?` when there is a query. */
  path: string;
  options: Record<string, unknown>;
  isStream?: boolean;
  /** Ends the request, and the stream that it answered. */
  abortSignal?: AbortSignal;
  /** The one status that is a success. */
  expected: number;
}

/**
 * One request over dockerode's transport, for the calls of which dockerode drops a part of the
 * answer (the warnings of create) or whose options it does not know.
 */
export function dial<T>({ modem }: Docker, { expected, ...request }: EngineRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    modem.dial(
      { ...request, statusCodes: { [expected]: true } },
      (error: Error | null, result: unknown) => {
        if (error) reject(error);
        else resolve(result as T);
      },
    );
  });
}
