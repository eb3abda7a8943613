/** One network interface of the engine's host. */
export interface HostLink {
  readonly name: string;
  /** The bridge that it is a port of. */
  readonly master: string | null;
  /** IPv4 addresses, without prefix. */
  readonly addresses: readonly string[];
}

/** A backend that cannot work here; both texts are for an operator and hold no secret. */
export interface BackendObstacle {
  readonly reason: string;
  readonly remedy: string;
}

/** A command of the backend failed; `stderr` is the tool's own text, `cause` why it did not even begin. */
export class FenceCommandError extends Error {
  readonly stderr: string;

  constructor(command: string, stderr: string, cause?: unknown) {
    super(`${command} failed: ${stderr.trim().slice(0, 500)}`, { cause });
    this.name = 'FenceCommandError';
    this.stderr = stderr;
  }
}

/**
 * What the fence does to the kernel. Every method ends within its own time limit, and throws
 * `FenceCommandError` when the tool refused or did not end.
 */
export abstract class FenceBackend {
  /** For reports: `local` or `helper`. */
  abstract readonly name: string;

  /** `null` when the backend has what it needs. */
  abstract obstacle(): Promise<BackendObstacle | null>;

  /** Every interface in the network namespace that this backend writes rules to. */
  abstract links(): Promise<HostLink[]>;

  /** Applies the script as one transaction. */
  abstract apply(script: string): Promise<void>;

  /** Would the kernel take the script? Changes nothing. */
  abstract accepts(script: string): Promise<boolean>;

  /** The table as text, with handles and set elements; `null` when there is none. */
  abstract list(family: 'inet' | 'bridge', table: string): Promise<string | null>;

  /** Deletes the connection-tracking entries of an address or CIDR range, either end. */
  abstract forgetConnections(range: string): Promise<void>;

  /** As `forgetConnections`, for the addresses of a CIDR range that are not kept. */
  abstract forgetConnectionsBut(range: string, kept: ReadonlySet<string>): Promise<void>;

  /** Lets go of what the backend holds (a helper container); the rules stay. */
  abstract close(): Promise<void>;
}
