/** Where a sandbox without network access tries to go. */
export interface ProbeTarget {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/**
 * What became of one try. `open` and `refused`: something answered. `silent`: nothing did in three
 * seconds. `unreachable`: the sandbox's own kernel had no way.
 */
export type ProbeOutcome = 'open' | 'refused' | 'silent' | 'unreachable';

export interface ProbeAttempt extends ProbeTarget {
  readonly outcome: ProbeOutcome;
}

/** What the script printed. */
export interface ProbeReport {
  /** Lines of `/proc/self/status` by name. */
  readonly status: Readonly<Record<string, string>>;
  /** User, group and supplementary groups, as numbers. */
  readonly ids: string;
  readonly rootWritten: boolean;
  /** With what it connected. */
  readonly tool: 'bash' | 'node' | 'none';
  /** A try at its own loopback was refused there: the tool does connect. */
  readonly loopbackRefused: boolean;
  readonly attempts: readonly ProbeAttempt[];
}

const LOOPBACK: ProbeTarget = { name: 'loopback', address: '127.0.0.1', port: 1 };

const NODE_TRY =
  'const [, a, p] = process.argv; const s = require("net").connect(+p, a);' +
  's.setTimeout(3000, () => { console.log("silent"); process.exit(); });' +
  's.on("connect", () => { console.log("open"); process.exit(); });' +
  's.on("error", (e) => { console.log(e.code === "ECONNREFUSED" ? "refused" : "unreachable"); process.exit(); });';

/** For `/bin/sh`: its own standing first, then a try for each pair of arguments, all at once. */
const SCRIPT = `
grep -E '^(Cap|NoNewPrivs:|Seccomp:)' /proc/self/status
echo "ids: $(id -u) $(id -G)"
if (: > /risoluto-probe) 2>/dev/null; then echo "root: written"; rm -f /risoluto-probe; fi
if command -v bash >/dev/null && command -v timeout >/dev/null; then tool=bash
elif command -v node >/dev/null; then tool=node
else tool=none; fi
echo "tool: $tool"
try() {
  case $tool in
  bash)
    said=$(LC_ALL=C timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>&1); code=$?
    case "$code $said" in
    "0 "*) echo "try $1 $2 open" ;;
    124*|143*) echo "try $1 $2 silent" ;;
    *refused*) echo "try $1 $2 refused" ;;
    *) echo "try $1 $2 unreachable" ;;
    esac ;;
  node) echo "try $1 $2 $(node -e '${NODE_TRY.replaceAll("'", '"')}' "$1" "$2")" ;;
  esac
}
while [ $# -gt 1 ]; do try "$1" "$2" & shift 2; done
wait
`;

export function probeCommand(targets: readonly ProbeTarget[]): string[] {
  const pairs = [LOOPBACK, ...targets].flatMap(({ address, port }) => [address, String(port)]);
  return ['/bin/sh', '-c', SCRIPT, 'probe', ...pairs];
}

/** Reads what the script printed. A target that is not told of counts as `unreachable`. */
export function readProbe(stdout: string, targets: readonly ProbeTarget[]): ProbeReport {
  const status: Record<string, string> = {};
  const outcomes = new Map<string, ProbeOutcome>();
  for (const line of stdout.split('\n')) {
    const [, name, value] = /^(\w+):[ \t]*(.*)$/s.exec(line) ?? [];
    if (name !== undefined) status[name] = value ?? '';
    const [, address, port, outcome] =
      /^try (\S+) (\d+) (open|refused|silent|unreachable)$/.exec(line) ?? [];
    if (address !== undefined) outcomes.set(`${address} ${port}`, outcome as ProbeOutcome);
  }
  const outcomeOf = ({ address, port }: ProbeTarget) =>
    outcomes.get(`${address} ${port}`) ?? 'unreachable';
  const { ids = '', root, tool, ...rest } = status;
  return {
    status: rest,
    ids,
    rootWritten: root === 'written',
    tool: tool === 'bash' || tool === 'node' ? tool : 'none',
    loopbackRefused: outcomeOf(LOOPBACK) === 'refused',
    attempts: targets.map((target) => ({ ...target, outcome: outcomeOf(target) })),
  };
}
