import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { failed, inconclusive, passed } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { FILE_FUNCTIONS } from '../inside/file-scripts.js';
import type { Probe } from '../probe.js';

const SCRIPT = `${FILE_FUNCTIONS} [ -d /workspace ] || mkdir /workspace; try workspace /workspace
mkdir /workspace/made 2>/dev/null && echo "directory made"; true`;
const MAKE = 'mkdir -p a/inner b && echo made';
const ROOTS = `${FILE_FUNCTIONS} try top /workspace; try a /workspace/a; try inner /workspace/a/inner; try b /workspace/b
mv /workspace/a /workspace/c 2>/dev/null && echo "moved yes"; true`;

export const workspace: Probe = {
  id: 'F8',
  title: 'A read-only workspace is; writable roots are the only ones',
  group: 'file system',
  async attempt(bench: Bench) {
    const { workspaceReadOnly, codex } = bench.subject;
    const [readOnly, control] = await Promise.all([
      bench.inside({ readOnly: true }, SCRIPT),
      workspaceReadOnly ? bench.unlocked(SCRIPT) : bench.inside(PLAIN, SCRIPT),
    ]);
    const found = findingsOf(readOnly);
    if (found.workspace === 'written' || found.directory === 'made') {
      return failed('A turn of type readOnly writes to its workspace.');
    }
    if (found.workspace === undefined) return inconclusive('the read-only sandbox said nothing');
    if (findingsOf(control).workspace !== 'written') {
      return inconclusive('the same write fails in a workspace that is writable');
    }
    const told = 'A read-only turn writes nothing, where another one writes.';
    if (codex.turnSandboxPolicy.type !== 'workspaceWrite' || workspaceReadOnly) return passed(told);
    const roots = await writableRoots(bench);
    return typeof roots === 'string' ? failed(roots) : passed(`${told} Of writable roots too.`);
  },
};

/** What is wrong; null: nothing. The root that is written to is the control of the others. */
async function writableRoots(bench: Bench): Promise<string | null> {
  const issue = bench.issue();
  await bench.run({ issue, shape: PLAIN, script: MAKE });
  const shape = { writableRoots: ['/workspace/a'] };
  const { output } = await bench.run({ issue, shape, script: ROOTS });
  const { a, inner, top, b, moved } = findingsOf({ output, exitCode: 0 });
  if (a !== 'written' || inner !== 'written') return 'A writable root could not be written to.';
  const wrong =
    [top, b].some((what) => what === 'written' || what === undefined) || moved === 'yes';
  return wrong ? 'A turn writes outside of its writable roots.' : null;
}
