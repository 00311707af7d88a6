/**
 * Fills the package `rollcall-client` from a build: the modules that it exports, what those import, and their types.
 * The package has the folders of the sources, so that imports between its files stay as they are.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { CLIENT_PACKAGE } from '../setup.mjs';

/** The types of the frames as plain TypeScript, which need no typebox; `scripts/generated-docs.ts` writes them. */
export const FRAME_TYPES = `${CLIENT_PACKAGE}/frames.d.ts`;

/** Where the build has the types that {@link FRAME_TYPES} stands for. */
const FRAMES = 'protocol/frames.d.ts';

const IMPORT = /\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g;
const MAP_COMMENT = /\n\/\/# sourceMappingURL=.*\s*$/;

/**
 * Files that these import, these included, by the path of the build.
 * @param {string} built folder of the build
 * @param {readonly string[]} entries
 * @param {'.js' | '.d.ts'} extension
 */
export function withImports(built, entries, extension) {
  const files = new Set(entries.map((entry) => entry.replace(/\.js$/, extension)));
  // The loop also visits what it adds to the set on the way.
  for (const file of files) {
    if (file === FRAMES) continue;
    const text = readFileSync(join(built, file), 'utf8');
    for (const [, specifier = ''] of text.matchAll(IMPORT)) {
      if (!specifier.startsWith('.')) continue;
      files.add(normalize(join(dirname(file), specifier.replace(/\.js$/, extension))));
    }
  }
  return [...files].sort();
}

/**
 * Replaces the package's dist by what its `exports` need of a build.
 * @param {string} root of the checkout
 * @param {string} built folder of the build
 */
export function fillClientPackage(root, built) {
  const folder = join(root, CLIENT_PACKAGE);
  /** @type {{ exports: Record<string, string | { default: string }> }} */
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const entries = Object.values(exports)
    .map((entry) => (typeof entry === 'string' ? entry : entry.default))
    .filter((path) => path.startsWith('./dist/'))
    .map((path) => path.slice('./dist/'.length));
  const next = join(folder, `dist.next-${String(process.pid)}`);
  rmSync(next, { recursive: true, force: true });
  for (const file of [
    ...withImports(built, entries, '.js'),
    ...withImports(built, entries, '.d.ts')
  ]) {
    const to = join(next, file);
    mkdirSync(dirname(to), { recursive: true });
    if (file === FRAMES) cpSync(join(root, FRAME_TYPES), to);
    // Source maps name sources that are not packed, and bundlers warn of those.
    else writeFileSync(to, readFileSync(join(built, file), 'utf8').replace(MAP_COMMENT, '\n'));
  }
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  renameSync(next, join(folder, 'dist'));
}

/**
 * Writes the modules `rollcall/client`, `rollcall/react` and `rollcall/ai`, which re-export those of the package, so that both names
 * give the same classes; also at the path that the SDK had in earlier builds.
 * @param {string} built folder of the build
 */
export function writeReExports(built) {
  for (const [file, specifier] of [
    ['client', 'rollcall-client'],
    ['react', 'rollcall-client/react'],
    ['ai', 'rollcall-client/ai'],
    ['ai-transport', 'rollcall-client/ai/transport'],
    // The place of the SDK in builds before the rooms: scripts outside of this project import it from a checkout.
    ['client/client', 'rollcall-client']
  ]) {
    for (const extension of ['.js', '.d.ts']) {
      writeFileSync(join(built, `${file}${extension}`), `export * from '${specifier}';\n`);
    }
  }
}
