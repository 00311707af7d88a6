#!/usr/bin/env node
/**
 * The `rollcall` command. In a source checkout it first installs and builds what is missing or out of date; then, as
 * in an installed package, it runs the command line in this very process, so that signals reach the server.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  build,
  install,
  isNodeFit,
  needsBuild,
  needsInstall,
  OLDEST_NODE,
  paint,
  ROOT,
  step,
  tell
} from './setup.mjs';

const STARTUP_FAILED = 3;

// Handles the signals until the server has its own handlers. Without this, process 1 of a container ignores the signal,
// starts all the same, and is killed in the middle of its work.
if (process.argv[2] === 'start') {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, endEarly);
}

if (!isNodeFit(process.versions.node)) {
  tell(
    paint(31, `rollcall: Node ${process.versions.node} is too old: install ${OLDEST_NODE} or newer`)
  );
  process.exit(STARTUP_FAILED);
}

if (existsSync(join(ROOT, 'tsconfig.json'))) {
  try {
    if (needsInstall()) await step('installing dependencies', install);
    if (needsBuild()) await step('building', build);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell(paint(31, `rollcall: nothing was started: ${reason}`));
    tell('Mend what is said above and run it again.');
    process.exit(STARTUP_FAILED);
  }
}

const { main } = await import(new URL('../dist/cli/cli.js', import.meta.url).href);
await main();

/**
 * Ends a process that has started nothing yet.
 * @param {NodeJS.Signals} signal
 */
function endEarly(signal) {
  // By now the server handles the signal itself, and drains.
  if (process.listenerCount(signal) > 1) return;
  tell(`rollcall: ${signal}: stopped before anything was started`);
  process.exit(process.exitCode ?? 0);
}
