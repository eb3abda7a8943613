import { shellWord } from '../kernel/shell-words.js';

export function lines(...commands: readonly string[]): string {
  return commands.join('\n');
}

/** The command that sets a key in that `risoluto.yaml`, whatever its style. */
export function setKey(configFile: string, key: string, value: string): string {
  return `npx risoluto config set ${key} ${shellWord(value)} --file ${shellWord(configFile)}`;
}
