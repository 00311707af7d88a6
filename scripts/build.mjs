/**
 * Builds dist: the server, the SDK and the command line with tsc; the script and the style sheet of each page of
 * client/pages/<page>/, with all that they import, with esbuild; the layouts of the charts; the joined files of the server;
 * and the dist of the package rollcall-client. The new dist is made beside the old one and takes its place only when it is whole.
 */
import {
  cpSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync
} from 'node:fs';
import { join } from 'node:path';
import { fillClientPackage, writeReExports } from './packages/client-package.mjs';
import { bundleServer } from './packages/server-bundle.mjs';
import { writePageEncodings } from './pages/page-encodings.mjs';
import { CLIENT_PACKAGE, ROOT, run, tell } from './setup.mjs';

// Named after this process, so that two builds at once do not write into the same folder.
const NEXT = `dist.next-${String(process.pid)}`;
/** Layouts of the charts, made by `npm run charts`; tsc leaves JSON files behind. */
const LAYOUTS = 'server/inspector/charts/shipped';
const PAGE_FILES = /\.(html|svg|png|ico|webmanifest)$/;

process.chdir(ROOT);
// Sources that change while this runs are newer than the stamp and are built next time.
const startedAt = new Date();
try {
  for (const folder of readdirSync('.')) {
    if (folder === NEXT || isLeftBehind(folder)) rmSync(folder, { recursive: true, force: true });
  }
  const pages = pageNames();
  await tsc('-p', 'tsconfig.build.json', '--outDir', NEXT);
  if (pages.length > 0) await tsc('-p', 'client/pages/tsconfig.json', '--noEmit');
  await bundle(pages);
  if (pages.length > 0) await writePageEncodings(join(NEXT, 'client/pages'));
  if (existsSync(LAYOUTS)) cpSync(LAYOUTS, join(NEXT, LAYOUTS), { recursive: true });
  writeReExports(NEXT);
  await bundleServer(NEXT);
  // Done before dist gets its stamp, so that an interrupted build does not count as one.
  if (existsSync(join(CLIENT_PACKAGE, 'package.json'))) fillClientPackage(ROOT, NEXT);
  writeFileSync(join(NEXT, '.built'), '');
  utimesSync(join(NEXT, '.built'), startedAt, startedAt);
  rmSync('dist', { recursive: true, force: true });
  renameSync(NEXT, 'dist');
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  rmSync(NEXT, { recursive: true, force: true });
  tell(`build failed, dist is as it was: ${reason}`);
  process.exitCode = 1;
}

/**
 * Tells whether a folder is of a build that was killed.
 * @param {string} folder
 */
function isLeftBehind(folder) {
  const pid = /^dist\.next-(\d+)$/.exec(folder)?.[1];
  if (pid === undefined) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Folders of client/pages/ that hold a page: those with a script of their own name. */
function pageNames() {
  return readdirSync('client/pages', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => existsSync(join('client/pages', name, `${name}.ts`)));
}

/** @param {readonly string[]} args */
async function tsc(...args) {
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmitOnError', ...args]);
}

/** @param {readonly string[]} names */
async function bundle(names) {
  // Imported late: a checkout without dependencies should fail with tsc's plain message, not with a stack.
  const { build } = await import('esbuild');
  for (const name of names) {
    const from = join('client/pages', name);
    const to = join(NEXT, 'client/pages', name);
    await build({
      entryPoints: ['ts', 'css'].map((kind) => join(from, `${name}.${kind}`)).filter(existsSync),
      outdir: to,
      bundle: true,
      format: 'esm',
      platform: 'browser',
      target: ['es2022'],
      minify: true,
      sourcemap: true,
      logLevel: 'warning'
    });
    cpSync(from, to, {
      recursive: true,
      filter: (path) => !/\.[^/.]+$/.test(path) || PAGE_FILES.test(path)
    });
  }
}
