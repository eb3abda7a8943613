/** The environment or `risoluto.yaml` is wrong. One line a problem; none holds a value that was given. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
  }
}
