import type { Settings } from '../../config/settings.js';

/** What is under test, as its own API says; read once, before the first probe. */
export interface Subject {
  readonly url: string;
  readonly codex: Settings['codex'];
  /** Of `runs` in the settings. */
  readonly outputLimitBytes: number;
  /** On the service’s host. */
  readonly dataDir: string;
  readonly gvisor: boolean;
  /** There is an allowlist, so that turns with network access go through the gateway. */
  readonly filtered: boolean;
  /** `egressMode: observe`: nothing but private and metadata addresses is refused. */
  readonly observed: boolean;
  /** What a listed host is tried with; null without an allowlist or an entry that names a host. */
  readonly listed: { readonly host: string; readonly port: number } | null;
  /** Its root file system is writable by the operator’s choice. */
  readonly rootWritable: boolean;
  /** Its workspace is read-only by the operator’s choice. */
  readonly workspaceReadOnly: boolean;
  /** The service’s port and the addresses of this host, where the service runs on it; else null. */
  readonly host: { readonly port: number; readonly addresses: readonly string[] } | null;
}
