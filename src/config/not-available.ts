import type { YamlSettings } from './yaml-schema.js';

/** Settings that are right but ask for what this version does not have: each stops the start. */
export function unavailableControls({ dispatch }: YamlSettings): string[] {
  return dispatch.flatMap(({ name, run }, index) =>
    run.agent === undefined
      ? []
      : [`dispatch.${index}.run.agent: rule ${name}: this version runs no agents`],
  );
}
