/**
 * `npm run spec -- <path>`: runs one spec file or all specs of a folder, and builds first where they need it. Without a
 * path it runs every spec. Everything else is passed on to mocha: `npm run spec -- spec/cli -g Enter`.
 */
import { build, CommandError, needsBuild, ROOT, run, step, tell } from './setup.mjs';
import { chosenSpecs, needsDist } from './specs/spec-files.mjs';

process.chdir(ROOT);
try {
  const { files, options } = chosenSpecs(process.argv.slice(2));
  if (files.some((path) => needsDist(path)) && needsBuild()) {
    await step('building, because dist is older than its sources and these specs run it', build);
  }
  const mocha = ['--reporter', 'scripts/specs/spec-reporter.mjs', '--fail-zero'];
  await run(process.execPath, ['node_modules/mocha/bin/mocha.js', ...mocha, ...options, ...files]);
} catch (error) {
  // Mocha has printed its failures itself.
  if (!(error instanceof CommandError))
    tell(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
