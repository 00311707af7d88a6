/**
 * Mocha's own `spec` report, and its numbers as a file for scripts/test.mjs (`--reporter-option stats=<path>`).
 */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

/** How long the process may go on after the last spec, in milliseconds. */
const LEFTOVER_MS = 10_000; // what a spec closes in `after` is gone in far less; a forgotten server stays for ever

/** The report on the terminal plus the numbers in a file. */
export default class SpecReporter extends Mocha.reporters.Spec {
  /** @type {unknown} */
  #stats;

  /**
   * @param {Mocha.Runner} runner
   * @param {Mocha.MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    this.#stats = options.reporterOptions?.stats;
  }

  /** @override */
  epilogue() {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    if (typeof this.#stats === 'string') {
      writeFileSync(
        this.#stats,
        JSON.stringify({ passed: passes, failed: failures, skipped: pending })
      );
    }
    // Unreferenced: it fires only when something else keeps the process alive, and then that is a failure.
    setTimeout(() => {
      const open = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
      process.stderr.write(
        `A spec left this open after the end: ${open.join(', ') || 'a timer'}\n`
      );
      // Mocha sets the exit code in a listener of its own; this one comes after it.
      process.on('exit', () => {
        process.exitCode = 1;
      });
      process.exit();
    }, LEFTOVER_MS).unref();
  }
}
