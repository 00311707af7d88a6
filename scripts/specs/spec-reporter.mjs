/**
 * Mocha's own `spec` report, and for scripts/specs/spec-lanes.mjs its numbers and times as a file
 * (`--reporter-option result=<path>`).
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';

/** How long the process may go on after the last spec, in milliseconds. */
const LEFTOVER_MS = 10_000; // what a spec closes in `after` is gone in far less; a forgotten server stays for ever

const { EVENT_HOOK_END, EVENT_SUITE_BEGIN, EVENT_SUITE_END, EVENT_TEST_END, EVENT_TEST_FAIL } =
  Mocha.Runner.constants;

/** The report on the terminal plus numbers and times in a file. */
export default class SpecReporter extends Mocha.reporters.Spec {
  /** @type {string | null} */
  #resultFile;

  /** @type {Map<string, import('./spec-lanes.mjs').FileResult>} */
  #files = new Map();

  /** @type {import('./spec-lanes.mjs').FailedSpec[]} */
  #failures = [];

  /**
   * @param {Mocha.Runner} runner
   * @param {Mocha.MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    /** @type {unknown} */
    const file = options.reporterOptions?.result;
    this.#resultFile = typeof file === 'string' ? file : null;
    let startedMs = 0;
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.parent?.root !== true) return;
      startedMs = performance.now();
      // Written before and after every file: when the process dies, the counts are kept and the last file is the one
      // in which it died.
      this.#of(suite);
      this.#write(false);
    });
    runner.on(EVENT_SUITE_END, (suite) => {
      if (suite.parent?.root !== true) return;
      this.#of(suite).ms += performance.now() - startedMs;
      this.#write(false);
    });
    // Mocha reports a failed hook by the same event.
    runner.on(EVENT_TEST_FAIL, (failed, error) => {
      const message = String(error.message ?? error).split('\n', 1)[0] ?? '';
      this.#failures.push({ path: this.#of(failed).path, title: failed.fullTitle(), message });
    });
    for (const event of [EVENT_TEST_END, EVENT_HOOK_END]) {
      runner.on(event, (/** @type {Mocha.Runnable} */ ran) => {
        const { slowest } = this.#of(ran);
        const ms = ran.duration ?? 0;
        if (ms > (slowest?.ms ?? 0)) this.#of(ran).slowest = { title: ran.fullTitle(), ms };
      });
    }
  }

  /** @override */
  epilogue() {
    super.epilogue();
    this.#write(true);
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

  /**
   * What is known so far of the file that holds a suite, a test or a hook.
   * @param {{ file?: string | undefined }} part
   */
  #of({ file }) {
    const path = relative(process.cwd(), file ?? '').replaceAll('\\', '/');
    const known = this.#files.get(path) ?? { path, ms: 0, slowest: null };
    this.#files.set(path, known);
    return known;
  }

  /** @param {boolean} isWhole whether all specs have run */
  #write(isWhole) {
    if (this.#resultFile === null) return;
    const { passes, failures, pending } = this.stats;
    /** @type {import('./spec-lanes.mjs').LaneResult} */
    const result = {
      passed: passes,
      failed: failures,
      skipped: pending,
      isWhole,
      files: [...this.#files.values()].filter(({ path }) => path !== ''),
      failures: this.#failures
    };
    writeFileSync(this.#resultFile, JSON.stringify(result));
  }
}
