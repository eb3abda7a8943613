/** One line a file as it ends, and what failed in it at once; the whole is told after the merge. */
export class ShortReporter {
  /** @param {string} world to begin each line with */
  constructor(world) {
    this.world = world;
  }

  /** @param {import('vitest/node').TestModule} module */
  onTestModuleEnd(module) {
    const tests = [...module.children.allTests()];
    const run = tests.filter((test) => test.result().state !== 'skipped');
    if (run.length === 0 && module.ok()) return;
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    const mark = module.ok() ? '✓' : '✗';
    console.log(
      `${this.world} ${mark} ${module.relativeModuleId}  ${run.length} tests  ${seconds} s`,
    );
    for (const error of module.errors()) this.#tell(module.relativeModuleId, error);
    for (const test of tests) {
      for (const error of test.result().errors ?? []) this.#tell(test.fullName, error);
    }
  }

  /**
   * @param {string} what
   * @param {{message: string}} error
   */
  #tell(what, { message }) {
    console.log(`${this.world}   ✗ ${what}: ${message.split('\n').slice(0, 3).join(' ')}`);
  }
}
