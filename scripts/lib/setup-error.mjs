/** Something that the reader must do: printed without a stack, the remedy line by line. */
export class SetupError extends Error {
  /**
   * @param {string} message what is missing or wrong
   * @param {string[]} [remedy] the exact commands or steps, one a line
   */
  constructor(message, remedy = []) {
    super(message);
    this.name = 'SetupError';
    this.remedy = remedy;
  }
}

/** @param {unknown} error */
export function printFailure(error) {
  if (!(error instanceof SetupError)) {
    console.error(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return;
  }
  console.error(`\nerror: ${error.message}`);
  for (const line of error.remedy) console.error(`  ${line}`);
}
