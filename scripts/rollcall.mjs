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
