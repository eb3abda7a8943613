import type { YamlSettings } from './yaml-schema.js';

/**
 * Settings that are right but whose control this version does not have. To accept one would be to
 * promise a limit that nothing holds, so each stops the start.
 */
export function unavailableControls(settings: YamlSettings): string[] {
  const { sandbox } = settings.codex;
  const problems: string[] = [];
  if (sandbox.security.seccompProfile === 'hardened') {
    problems.push(
      'codex.sandbox.security.seccompProfile: this version has no hardened profile; ' +
        "leave it empty for Docker's default, or name a profile's path",
    );
  }
  settings.dispatch.forEach(({ name, run }, index) => {
    if (run.agent === undefined) return;
    problems.push(`dispatch.${index}.run.agent: rule ${name}: this version runs no agents`);
  });
  return problems;
}
