import { patchCall, reply, runs, says } from '../support/model-provider/model-reply.js';
import type { ModelReply } from '../support/model-provider/model-reply.js';

/** What the tests' model answers to prompts that hold the mark. */
export interface ScriptedModel {
  readonly marker: string;
  readonly replies: readonly ModelReply[];
}

const PATCH = `*** Begin Patch
*** Update File: build.sh
@@
-ech built
+echo built
*** End Patch`;

/** The work that docs/linear-agent.md shows: the agent does it in truth, and is told by this what to do. */
export const MENDS_THE_BUILD: ScriptedModel = {
  marker: 'Work on MT-42 in this directory',
  replies: [
    runs('sh build.sh'),
    reply([patchCall(PATCH)]),
    runs('sh build.sh'),
    says(
      '`build.sh` called `ech`, which does not exist.\n' +
        'It calls `echo` now, and the build succeeds. Nothing is left to do.\n',
    ),
  ],
};
