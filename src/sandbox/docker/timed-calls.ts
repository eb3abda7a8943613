import type Docker from 'dockerode';

type DialCallback = (error: unknown, result?: unknown) => void;

interface DialOptions {
  method?: string;
  path: string;
}

export type CallObserver = (operation: string, outcome: 'ok' | 'error', seconds: number) => void;

/** Tells the observer of each call of the client when it has ended. */
export function withTimedCalls(docker: Docker, observe: CallObserver): Docker {
  const modem = docker.modem as { dial(options: DialOptions, callback: DialCallback): void };
  const dial = modem.dial.bind(modem);
  modem.dial = (options, callback) => {
    const began = performance.now();
    dial(options, (error, result) => {
      const seconds = (performance.now() - began) / 1000;
      observe(operationOf(options), error ? 'error' : 'ok', seconds);
      callback(error, result);
    });
  };
  return docker;
}

/** The engine's own words; every other part of a path is a name. */
const WORDS: ReadonlySet<string> = new Set(
  (
    'archive attach build changes connect containers create disconnect events exec export images ' +
    'info json kill load logs networks ping prune start stats stop tag top update version volumes wait'
  ).split(' '),
);

/** `POST /containers/{name}/start`: a bounded set, whatever containers and images are called. */
export function operationOf({ method = 'GET', path }: DialOptions): string {
  const parts = path.split('?', 1).join('').split('/').slice(1);
  const named = parts.map((part) => (WORDS.has(part.replace('_', '')) ? part : '{name}'));
  const short = named.filter((part, index) => part !== '{name}' || named[index - 1] !== part);
  return `${method} /${short.slice(0, 3).join('/')}`;
}
