/**
 * The conformance suite: what a sandbox of this installation can do, tried from inside.
 *
 * Sandboxes are started through the running service’s REST API, as any client does, so that what is
 * tried is what the operator configured, and nothing of the service is trusted. A probe is a script
 * for `/bin/sh` (with perl or python3 where a system call or a socket is needed, since an image of
 * the operator’s may have little else), and scripts that want the same policy share a sandbox.
 *
 * A pass needs a positive control in the same suite: the same script where the control is absent (an
 * unlocked container, made on the engine directly), or the same try where it is allowed. A control
 * that does not succeed makes the probe `inconclusive`, which counts as a failure; one that cannot be
 * had from here (no access to the engine’s socket) makes it `not_applicable`, with the reason.
 *
 * Nothing is done that harms the host: no more than the limits that a narrowed policy sets, no kill
 * of the service or of the engine, no system call in the unlocked container that reaches past its
 * namespaces. Unlocked containers have no network. Sandboxes do try to reach what they must not
 * reach: on a host whose fence has failed those packets leave it, which is what the network probes
 * are there to find. They are left out with `network: false`.
 */
import { PacedApi } from './bench/paced-api.js';
import { reachEngine } from './bench/reach-engine.js';
import { readSubject } from './bench/read-subject.js';
import type { ServiceApi } from './bench/service-api.js';
import { SuiteBench, type EngineAccess } from './bench/suite-bench.js';
import { PROBES } from './probe-list.js';
import type { Probe } from './probe.js';
import { newNonce, runSuite, type SuiteReport } from './suite.js';

export interface ConformanceOptions {
  /** `DOCKER_HOST`; null: Docker’s own socket. */
  readonly dockerHost: string | null;
  /** Whether to try the network probes. */
  readonly network: boolean;
  /** Ids; null: all. */
  readonly only: readonly string[] | null;
  /** A host of the allowlist that may be connected to, `host` or `host:port`; null: its first. */
  readonly listed: string | null;
  readonly signal: AbortSignal;
  /** What could not be taken back at the end. */
  readonly onLeft: (what: string) => void;
}

/**
 * Runs the suite. Its runs, workspaces, secrets and containers are gone when it returns, and when it
 * is interrupted.
 *
 * @throws what the service answers instead of its settings or the first run; the signal’s reason
 */
export async function conformance(
  service: ServiceApi,
  options: ConformanceOptions,
): Promise<SuiteReport> {
  const api = new PacedApi(service);
  const { signal, network, dockerHost } = options;
  const subject = await readSubject(api, { listed: options.listed });
  const access: EngineAccess = await reachEngine(dockerHost, subject, signal);
  const bench = new SuiteBench({ subject, api, nonce: newNonce(), access, signal });
  try {
    return await runSuite(chosen(options.only), bench, { network, signal, startedAt: new Date() });
  } finally {
    for (const what of await bench.takeBack()) options.onLeft(what);
  }
}

export function unknownIds(ids: readonly string[]): string[] {
  return ids.filter((id) => !PROBES.some((probe) => probe.id === id));
}

function chosen(only: readonly string[] | null): readonly Probe[] {
  return only === null ? PROBES : PROBES.filter(({ id }) => only.includes(id));
}
