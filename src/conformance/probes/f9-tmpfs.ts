import type { Bench } from '../bench/bench.js';
import { SMALL } from '../bench/shape.js';
import { failed, inconclusive, passed } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { FILE_FUNCTIONS } from '../inside/file-scripts.js';
import type { Probe } from '../probe.js';

/** Twice what the small sandbox's hold. */
const FILL = `for place in /tmp /dev/shm /home/agent/.codex-runtime; do
  [ -d $place ] || mkdir -p $place
  if head -c 2097152 /dev/zero 2>/dev/null > $place/big; then echo "bytes:$place fit"; else echo "bytes:$place full"; fi
  rm -f $place/big
done
place=\${TMPDIR:-/tmp}; n=0; while [ $n -lt 3000 ]; do ( : > $place/n$n ) 2>/dev/null || break; n=$((n + 1)); done
echo "files $n"`;
const EXCLUDED = `${FILE_FUNCTIONS} try tmp /tmp`;

export const tmpfs: Probe = {
  id: 'F9',
  title: 'Temporary files are bounded, and absent where excluded',
  group: 'file system',
  async attempt(bench: Bench) {
    const { codex, gvisor } = bench.subject;
    const excludes = codex.turnSandboxPolicy.type === 'workspaceWrite';
    const [small, unlocked, excluded] = await Promise.all([
      bench.inside(SMALL, FILL),
      bench.unlocked(`${FILL}\n${EXCLUDED}`),
      excludes ? bench.inside({ excludeSlashTmp: true }, EXCLUDED) : null,
    ]);
    const found = findingsOf(small);
    const control = findingsOf(unlocked);
    const places = Object.keys(control).filter((name) => name.startsWith('bytes:'));
    const unbounded = places.filter((name) => found[name] === 'fit');
    if (unbounded.length > 0) return failed(`${unbounded.join(', ')} hold more than they may.`);
    // gVisor knows no bound of files; they count as memory there.
    if (!gvisor && Number(found.files) >= 3000) return failed('A tmpfs holds any number of files.');
    if (excluded && findingsOf(excluded).tmp === 'written') {
      return failed('excludeSlashTmp leaves /tmp writable.');
    }
    const proven = places.length === 3 && places.every((name) => control[name] === 'fit');
    if (!proven || control.files !== '3000' || control.tmp !== 'written') {
      return inconclusive('the same files do not fit in a container without the bound');
    }
    if (places.some((name) => found[name] !== 'full')) return inconclusive('not all were tried');
    const bound = gvisor ? '' : ` and ${found.files} files`;
    return passed(
      `Each of ${places.length} ends at its size${bound}; without the bound all fits.${excluded ? ' excludeSlashTmp is honoured.' : ''}`,
    );
  },
};
