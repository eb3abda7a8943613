/** What Codex's own configuration says, in one place; TOML. */
export interface CodexConfig {
  readonly baseUrl: string;
  /** Milliseconds without an event after which Codex gives up a stream of the model's and tries again. */
  readonly streamIdleTimeoutMs: number;
}

/** The environment variable in which Codex looks for a key; it finds a word that is none. */
export const PLACEHOLDER_ENV = 'CODEX_MODEL_KEY';
export const PLACEHOLDER = 'held-by-risoluto';

/**
 * What Codex would do without being asked: ask servers of its maker's for updates, plugins and
 * models, report how it is used, search the web by way of the provider, start helpers of its own.
 */
const UNWANTED_FEATURES = [
  'apps',
  'goals',
  'image_generation',
  'plugins',
  'remote_plugin',
  'shell_snapshot',
  'tool_suggest',
];

/** `config.toml`. Holds no secret: the gateway adds the provider's key to what Codex sends. */
export function configToml({ baseUrl, streamIdleTimeoutMs }: CodexConfig): string {
  return [
    'model_provider = "risoluto"',
    'web_search = "disabled"',
    'check_for_update_on_startup = false',
    'cli_auth_credentials_store = "ephemeral"',
    '',
    '[model_providers.risoluto]',
    'name = "Risoluto"',
    `base_url = ${quoted(baseUrl)}`,
    'wire_api = "responses"',
    `env_key = "${PLACEHOLDER_ENV}"`,
    'supports_websockets = false',
    'request_max_retries = 3',
    'stream_max_retries = 3',
    `stream_idle_timeout_ms = ${String(streamIdleTimeoutMs)}`,
    '',
    '[analytics]',
    'enabled = false',
    '',
    '[history]',
    'persistence = "none"',
    '',
    // Sub-agents would spend tokens that no count of the thread's shows.
    '[agents]',
    'enabled = false',
    '',
    '[features]',
    ...UNWANTED_FEATURES.map((feature) => `${feature} = false`),
    '',
    // What a workspace brings along does not configure Codex.
    '[projects."/workspace"]',
    'trust_level = "untrusted"',
    '',
  ].join('\n');
}

/** A basic string of TOML: of JSON's escapes it has all that JSON writes. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
