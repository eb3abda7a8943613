/** The app-server's identifiers: ours are words, its own are numbers. */
export type RpcId = string | number;

export interface RpcError {
  readonly code: number;
  readonly message: string;
}

const LONGEST_ID = 200;

/** A line of the app-server, which leaves out JSON-RPC's `jsonrpc` member. */
export type RpcMessage =
  | { readonly kind: 'answer'; readonly id: RpcId; readonly result: unknown }
  | { readonly kind: 'refusal'; readonly id: RpcId; readonly error: RpcError }
  | {
      readonly kind: 'question';
      readonly id: RpcId;
      readonly method: string;
      readonly params: unknown;
    }
  | { readonly kind: 'notice'; readonly method: string; readonly params: unknown };

/** What a line says; `null` for one that is no message. Never throws: a sandbox may print anything. */
export function readMessage(line: string): RpcMessage | null {
  const value = parsed(line);
  if (typeof value !== 'object' || value === null) return null;
  const { id, method, params, result, error } = value as Record<string, unknown>;
  const isWord = typeof id === 'string' && id.length <= LONGEST_ID;
  const known = isWord || typeof id === 'number' ? id : null;
  if (typeof method === 'string') {
    if (known !== null) return { kind: 'question', id: known, method, params };
    return { kind: 'notice', method, params };
  }
  if (known === null) return null;
  if (error !== undefined) return { kind: 'refusal', id: known, error: errorOf(error) };
  return result === undefined ? null : { kind: 'answer', id: known, result };
}

export function request(id: string, method: string, params: unknown): string {
  return JSON.stringify({ id, method, params });
}

export function notification(method: string): string {
  return JSON.stringify({ method });
}

export function answer(id: RpcId, result: unknown): string {
  return JSON.stringify({ id, result });
}

/** To a request of the app-server's that this service does not serve. */
export function refusal(id: RpcId, method: string): string {
  return JSON.stringify({ id, error: { code: -32_601, message: `${method} is not served` } });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function errorOf(error: unknown): RpcError {
  const { code, message } = (error ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === 'number' ? code : 0,
    message: typeof message === 'string' ? message : 'no message',
  };
}
