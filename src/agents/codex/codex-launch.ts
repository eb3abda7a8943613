import type { AgentLaunch } from '../../runs/agents/turn-driver.js';
import { CODEX_HOME, HOME } from '../../sandbox/container-mounts.js';
import { configToml, PLACEHOLDER, PLACEHOLDER_ENV, type CodexConfig } from './codex-config.js';

/** In the HOME, so that a thread outlives its container. */
export const SESSIONS = `${HOME}/.local/share/risoluto-codex/sessions`;

/** How Codex is started in a sandbox: its configuration as a file of the frame, no key anywhere. */
export function codexLaunch(config: CodexConfig): AgentLaunch {
  return {
    argv: ['codex', 'app-server'],
    env: { [PLACEHOLDER_ENV]: PLACEHOLDER, RUST_LOG: 'error,codex_app_server=off' },
    files: [{ path: `${CODEX_HOME}/config.toml`, text: configToml(config) }],
    links: [{ path: `${CODEX_HOME}/sessions`, target: SESSIONS }],
  };
}
