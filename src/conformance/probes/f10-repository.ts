import type { Bench } from '../bench/bench.js';
import { PLAIN } from '../bench/shape.js';
import { failed, inconclusive, notApplicable, passed } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { FILE_FUNCTIONS } from '../inside/file-scripts.js';
import type { Probe } from '../probe.js';

const ATTACK = `${FILE_FUNCTIONS}
try hooks /workspace/.git/hooks; put config /workspace/.git/config
mv /workspace/.git /workspace/away 2>/dev/null && echo "git moved"
mv /workspace/.git/hooks /workspace/away 2>/dev/null && echo "hooks-directory moved"
mv /workspace/.git/config /workspace/away 2>/dev/null && echo "config-file moved"
true`;
/** The first run makes the repository; what exists when a sandbox starts is protected in it. */
const CONTROL = `mkdir -p .git/hooks && printf '[core]\\n' > .git/config && mkdir .git/keep && cd / && ${FILE_FUNCTIONS}
try hooks /workspace/.git/hooks; put config /workspace/.git/config; mv /workspace/.git /workspace/away && echo "git moved" && mv /workspace/away /workspace/.git`;

export const repository: Probe = {
  id: 'F10',
  title: 'Git’s hooks and configuration stay as they are',
  group: 'file system',
  async attempt(bench: Bench) {
    const { workspaceReadOnly, codex } = bench.subject;
    if (!codex.sandbox.protectRepoConfig) {
      return notApplicable('protectRepoConfig is switched off by the operator');
    }
    if (workspaceReadOnly)
      return notApplicable('the workspace is read-only by policy: F8 tries it');
    const issue = bench.issue();
    const first = await bench.run({ issue, shape: PLAIN, script: CONTROL });
    const second = await bench.run({ issue, shape: PLAIN, script: ATTACK });
    const found = findingsOf({ output: second.output, exitCode: second.exitCode });
    const control = findingsOf({ output: first.output, exitCode: first.exitCode });
    const done = Object.entries(found).filter(([, what]) =>
      ['written', 'opened', 'moved'].includes(what),
    );
    if (done.length > 0) return failed(done.map(([name, what]) => `${name} ${what}`).join(', '));
    if (found.hooks === undefined) return inconclusive('the sandbox said nothing');
    const { hooks, config, git } = control;
    if (hooks !== 'written' || config !== 'opened' || git !== 'moved') {
      return inconclusive('the same writes fail in a repository that is not protected yet');
    }
    return passed(
      'Neither is written, moved or replaced; the run that made them could do all that.',
    );
  },
};
