import type { Readable } from 'node:stream';

import type { ContainerEngine } from './container-engine.js';

export interface LogSource {
  engine: ContainerEngine;
  containerId: string;
  /** Resolves when the container has ended. */
  exited: Promise<unknown>;
  /** Ends the reading. */
  signal: AbortSignal;
  /** A followed log from the beginning, if one is open already. */
  opened?: Readable | null;
  /** No file of its log is smaller; 64 MiB unless told. */
  leastFileBytes?: number;
  /** The engine has dropped the log's first file already. */
  rotated?: boolean;
}
