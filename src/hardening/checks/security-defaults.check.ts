import type { Settings } from '../../config/settings.js';
import type { CodexSettings } from '../../config/yaml-schema.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { lines, setKey } from '../shell.js';

/** What the operator has loosened. Pure. `configFile` is where to put it back. */
export function judgeDefaults(codex: CodexSettings, configFile: string): HardeningFinding {
  const { security, extraMounts, protectRepoConfig } = codex.sandbox;
  const grave: string[] = [];
  const light: string[] = [];
  const remedies: string[] = [];
  const putBack = (key: string, value: string) =>
    remedies.push(setKey(configFile, `codex.${key}`, value));
  if (!security.noNewPrivileges) {
    grave.push('noNewPrivileges is off, so set-uid programs of the image give privileges');
    putBack('sandbox.security.noNewPrivileges', 'true');
  }
  if (!security.dropCapabilities) {
    grave.push('dropCapabilities is off, so the engine’s default capabilities stay within reach');
    putBack('sandbox.security.dropCapabilities', 'true');
  }
  if (codex.threadSandbox === 'danger-full-access') {
    light.push('threadSandbox is danger-full-access, so a run can write its root filesystem');
    putBack('threadSandbox', 'workspace-write');
  }
  if (codex.turnSandboxPolicy.networkAccess) {
    light.push('turnSandboxPolicy.networkAccess is on, so a run has the network without asking');
    putBack('turnSandboxPolicy.networkAccess', 'false');
  }
  if (!protectRepoConfig) {
    light.push(
      'protectRepoConfig is off, so a run can change what git and agents run from its workspace',
    );
    putBack('sandbox.protectRepoConfig', 'true');
  }
  for (const [index, { source, readOnly }] of extraMounts.entries()) {
    if (readOnly) continue;
    light.push(`extraMounts gives every run ${source} to write`);
    putBack(`sandbox.extraMounts.${index}.readOnly`, 'true');
  }
  const detail = `${[...grave, ...light].join('; ')}. Then start the service anew.`;
  if (grave.length > 0) return failed(sentence(detail), lines(...remedies));
  if (light.length > 0) return warned(sentence(detail), lines(...remedies));
  return passed(
    'No new privileges, no capabilities, no writable root filesystem, no network unless asked for.',
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export class SecurityDefaultsCheck implements HardeningCheck {
  readonly id = 'security-defaults';
  readonly title = 'Security settings of sandboxes';
  readonly kind = 'quick';

  constructor(private readonly settings: Settings) {}

  check(): Promise<HardeningFinding> {
    const { codex, paths } = this.settings;
    return Promise.resolve(judgeDefaults(codex, paths.configFile ?? 'config/risoluto.yaml'));
  }
}
