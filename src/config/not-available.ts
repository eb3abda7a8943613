import type { YamlSettings } from './yaml-schema.js';

/**
 * Settings that are right but whose control this version does not have. To accept one would be to
 * promise a limit that nothing holds, so each stops the start.
 */
export function unavailableControls(settings: YamlSettings): string[] {
  const { sandbox } = settings.codex;
  const problems: string[] = [];
  if (sandbox.egressAllowlist.length > 0) {
    problems.push(
      'codex.sandbox.egressAllowlist: this version cannot enforce an allowlist; ' +
        'leave it empty (runs have no network unless a turn is granted it)',
    );
  }
  if (sandbox.security.seccompProfile === 'hardened') {
    problems.push(
      'codex.sandbox.security.seccompProfile: this version has no hardened profile; ' +
        "leave it empty for Docker's default, or name a profile's path",
    );
  }
  return problems;
}
