/** A promise that is settled from outside. The first settlement stands. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<T>(): Deferred<T> {
  let settle: [(value: T) => void, (error: unknown) => void] | null = null;
  const promise = new Promise<T>((resolve, reject) => {
    settle = [resolve, reject];
  });
  if (settle === null) throw new Error('a promise calls its executor at once');
  const [resolve, reject] = settle as [(value: T) => void, (error: unknown) => void];
  return { promise, resolve, reject };
}
