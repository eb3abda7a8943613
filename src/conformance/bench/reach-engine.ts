import { DockerEngine } from '../../sandbox/docker/docker-engine.js';
import { ControlEngine } from './control-engine.js';
import type { EngineAccess } from './suite-bench.js';
import type { Subject } from './subject.js';

/**
 * The engine that the environment names (`DOCKER_HOST`, else Docker’s own socket), where it answers
 * and the service is on this machine: else it may be another one than the service’s.
 */
export async function reachEngine(
  dockerHost: string | null,
  subject: Subject,
  signal: AbortSignal,
): Promise<EngineAccess> {
  if (subject.host === null) return { why: 'the service is not on this machine' };
  try {
    const engine = new DockerEngine(dockerHost);
    await engine.info();
    return { engine: new ControlEngine(engine, signal) };
  } catch {
    return { why: 'the engine’s socket cannot be used from here' };
  }
}
