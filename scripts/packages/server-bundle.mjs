/**
 * Joins the modules of the command line and of the package `rollcall` in a build into few files, together with two
 * dependencies of hundreds of small modules: Node takes a third of a millisecond for each module, and a start would load
 * 1,150. The modules stay in the build as they are, for the threads and child processes of the server.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** Packages whose code becomes a part of these files. They are installed all the same, for their types. */
export const BUNDLED_PACKAGES = ['jose', 'typebox'];

/** Modules that somebody else starts or imports. */
const ENTRIES = ['cli/cli', 'index'];

/**
 * Replaces the entries of a build by joined ones; does nothing where there are none.
 * @param {string} built folder of the build
 */
export async function bundleServer(built) {
  const entries = ENTRIES.filter((name) => existsSync(join(built, `${name}.js`)));
  if (entries.length === 0) return;
  const { build } = await import('esbuild');
  // One build for all entries, so that they share classes: an agent's error must be one to the server.
  await build({
    entryPoints: Object.fromEntries(entries.map((name) => [name, join(built, `${name}.js`)])),
    outdir: built,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    chunkNames: 'joined/[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
    plugins: [
      {
        name: 'server',
        setup: (plugin) => {
          setUp(plugin, resolve(built));
        }
      }
    ]
  });
  // All other files are one folder below, and addresses are written for those.
  const index = join(built, 'index.js');
  if (existsSync(index) && readFileSync(index, 'utf8').includes('import.meta.url')) {
    throw new Error('a module that only index.ts imports may not use import.meta.url');
  }
}

/**
 * @param {import('esbuild').PluginBuild} plugin
 * @param {string} built absolute path
 */
function setUp(plugin, built) {
  const isBundled = new RegExp(`^(${BUNDLED_PACKAGES.join('|')})(/|$)`);
  plugin.onResolve({ filter: /^[^./]/ }, ({ path, importer }) =>
    importer === '' || isBundled.test(path) ? undefined : { path, external: true }
  );
  // Files beside a module are found by its address, which must stay what it was.
  plugin.onLoad({ filter: /\.js$/ }, ({ path }) => {
    if (!path.startsWith(built)) return undefined;
    const text = readFileSync(path, 'utf8');
    if (!text.includes('import.meta.url')) return undefined;
    const from = JSON.stringify(`../${relative(built, path)}`);
    return {
      contents: text.replaceAll('import.meta.url', `new URL(${from}, import.meta.url).href`)
    };
  });
}
