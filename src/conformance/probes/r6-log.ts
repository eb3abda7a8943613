import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, notApplicable, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { secretRun } from '../shared/secret-run.js';

interface LogConfig {
  readonly Type: string;
  readonly Config: Readonly<Record<string, string>>;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** What a container’s log may take on disk; null: no bound. Pure. */
export function logBytes({ Config }: LogConfig): number | null {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)b?$/i.exec(Config['max-size'] ?? '') ?? [];
  if (digits === undefined) return null;
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? 1) * Number(Config['max-file'] ?? 1);
}

export const log: Probe = {
  id: 'R6',
  title: 'The engine’s log of a sandbox is bounded',
  group: 'resources',
  async attempt(bench: Bench) {
    const { containers } = await secretRun(bench);
    const engine = await bench.engine();
    const [container] = containers ?? [];
    if (container === undefined) return inconclusive('the container was not found');
    const bound = logBytes(container.HostConfig.LogConfig);
    if (bound === null) return failed('It names no size.');
    const other = await engine.unboundedLog(bench.subject.codex.sandbox.image);
    if (logBytes(other) !== null) return notApplicable('this engine bounds every log by itself');
    return passed(
      `It ends at ${Math.round(bound / 1024 ** 2)} MiB; one without a bound is told as such.`,
    );
  },
};
