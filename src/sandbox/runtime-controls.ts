export type SandboxRuntime = 'runc' | 'runsc';

/**
 * How well a control holds under a runtime. `held`: as asked. `bounded`: not by itself, but by
 * another control that is named. `outside`: applied by the engine, not visible inside.
 */
export interface ControlStrength {
  strength: 'held' | 'bounded' | 'outside';
  note?: string;
}

const held: ControlStrength = { strength: 'held' };

/** What each control is worth under each runtime (tried with runc 1.1.5 and runsc of 2022). */
export const RUNTIME_CONTROLS = {
  noNewPrivileges: {
    runc: held,
    runsc: { strength: 'held', note: 'not shown in /proc/self/status inside' },
  },
  capabilities: { runc: held, runsc: held },
  seccomp: {
    runc: held,
    runsc: {
      strength: 'held',
      note: 'with --oci-seccomp among the arguments of the registered runtime; the sentry has its own filter on the host',
    },
  },
  memory: {
    runc: held,
    runsc: {
      strength: 'held',
      note: 'passing the limit ends the whole sandbox, never only a child',
    },
  },
  cpus: { runc: held, runsc: { strength: 'held', note: 'seen from the host only' } },
  pids: {
    runc: held,
    runsc: {
      strength: 'bounded',
      note: 'counts the sentry’s own threads on the host, for which five are added a mount below /workspace; processes inside are bounded by memory',
    },
  },
  tmpfsBytes: { runc: held, runsc: held },
  tmpfsInodes: {
    runc: held,
    runsc: { strength: 'bounded', note: 'inodes inside are bounded by memory' },
  },
  ulimits: { runc: held, runsc: held },
  cgroupNamespace: {
    runc: held,
    runsc: { strength: 'outside', note: 'the sandbox sees no cgroup of the host at all' },
  },
  maskedPaths: {
    runc: held,
    runsc: {
      strength: 'held',
      note: 'the sentry has its own /proc and /sys; nothing of the host is in them',
    },
  },
} as const satisfies Record<string, Record<SandboxRuntime, ControlStrength>>;

export type RuntimeControl = keyof typeof RUNTIME_CONTROLS;

export function runtimeOf(gvisor: boolean): SandboxRuntime {
  return gvisor ? 'runsc' : 'runc';
}

/** What an operator should know about this control under this runtime; null: nothing. */
export function runtimeNote(control: RuntimeControl, runtime: SandboxRuntime): string | null {
  const entry: ControlStrength = RUNTIME_CONTROLS[control][runtime];
  return entry.note ?? null;
}
