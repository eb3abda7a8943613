import type { Bench } from '../bench/bench.js';
import { failed, inconclusive, passed } from '../finding.js';
import type { Probe } from '../probe.js';
import { secretRun } from '../shared/secret-run.js';

export const image: Probe = {
  id: 'L4',
  title: 'The image is pinned by its id and recorded',
  group: 'lifecycle',
  async attempt(bench: Bench) {
    const { image: recorded, containers } = await secretRun(bench);
    const engine = await bench.engine();
    const id = await engine.imageId(bench.subject.codex.sandbox.image);
    const [container] = containers ?? [];
    if (container === undefined) return inconclusive('the container was not found');
    if (recorded !== container.Image || !/^sha256:[0-9a-f]{64}$/.test(recorded)) {
      return failed(`The report says ${recorded}, and the engine ${container.Image}.`);
    }
    if (container.Config.Image !== recorded) {
      return failed(`The container was made from ${container.Config.Image}, which can be moved.`);
    }
    if (recorded !== id) return failed(`The configured image is ${id}, and ${recorded} was used.`);
    return passed(`Made from ${id.slice(0, 19)}…, as the report and the engine say.`);
  },
};
