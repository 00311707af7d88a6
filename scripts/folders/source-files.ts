/** The source files of the project: their paths, their text and what they import. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

/** One source file: its path from the root of the project with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const SOURCE = /\.(ts|tsx|mjs|css)$/;

const CSS_IMPORT = /@import\s+'(\.{1,2}\/[^']+)'/g;

/** Reads the code of these folders, sorted by path. */
export function sourceFiles(root: string, folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && SOURCE.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: relative(root, path).split(sep).join('/'),
      text: readFileSync(path, 'utf8')
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The paths of the project's files that a file imports, including dynamic and type-only imports. */
export function importsOf({ path, text }: SourceFile): string[] {
  const specifiers = path.endsWith('.css')
    ? [...text.matchAll(CSS_IMPORT)].map(([, specifier]) => specifier ?? '')
    : ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) =>
      posix.normalize(`${posix.dirname(path)}/${specifier}`).replace(/\.js$/, '.ts')
    );
}
