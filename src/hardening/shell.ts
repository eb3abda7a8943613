export function lines(...commands: readonly string[]): string {
  return commands.join('\n');
}
