/** Which folder imports which, and the rules for it. */
import { importsOf, type SourceFile } from './source-files.js';

/** A file of one folder imports a file of the other. */
export interface FolderImport {
  readonly from: string;
  readonly to: string;
}

/**
 * The folders that each folder may import, besides itself. Scripts and specs may import everything, and nothing may import
 * them.
 */
export const ONE_WAY: ReadonlyMap<string, readonly string[]> = new Map([
  ['protocol', []],
  ['machines', ['protocol']],
  ['actors', ['machines', 'protocol']],
  ['server', ['actors', 'machines', 'protocol']],
  ['client', ['machines', 'protocol']],
  ['cli', ['server', 'actors', 'client', 'machines', 'protocol']]
]);

/**
 * Returns the imports between neighbouring folders, each pair once, sorted. An import counts for the folders in which
 * the two paths first differ: one from `actors/log/lmdb/` into `actors/facts/` counts as from `actors/log` into
 * `actors/facts`. Imports between a folder and its own rooms do not count.
 */
export function folderImports(files: readonly SourceFile[]): FolderImport[] {
  const found = new Map<string, FolderImport>();
  for (const file of files) {
    for (const target of importsOf(file)) {
      const pair = firstDifference(file.path, target);
      if (pair !== null) found.set(`${pair.from} ${pair.to}`, pair);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, pair]) => pair);
}

function firstDifference(from: string, to: string): FolderImport | null {
  const importer = from.split('/').slice(0, -1);
  const imported = to.split('/').slice(0, -1);
  const level = importer.findIndex((name, at) => name !== imported[at]);
  if (level < 0 || level >= imported.length) return null;
  return {
    from: importer.slice(0, level + 1).join('/'),
    to: imported.slice(0, level + 1).join('/')
  };
}

/** Circles: the folders that reach each other through imports, sorted. */
export function circlesOf(imports: readonly FolderImport[]): string[][] {
  const reachable = new Map(imports.map(({ from }) => [from, reachedFrom(from, imports)]));
  const circles = new Map<string, string[]>();
  for (const [folder, reached] of reachable) {
    if (!reached.has(folder)) continue;
    const circle = [...reached].filter((other) => reachable.get(other)?.has(folder) === true);
    circle.sort();
    circles.set(circle.join(' '), circle);
  }
  return [...circles.values()];
}

function reachedFrom(start: string, imports: readonly FolderImport[]): Set<string> {
  const reached = new Set<string>();
  const next = [start];
  for (let folder = next.pop(); folder !== undefined; folder = next.pop()) {
    for (const { from, to } of imports) {
      if (from !== folder || reached.has(to)) continue;
      reached.add(to);
      next.push(to);
    }
  }
  return reached;
}

/** Imports that break {@link ONE_WAY}, as `file → imported file`. */
export function wrongWay(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const own = topOf(file.path);
    const allowed = ONE_WAY.get(own);
    if (allowed === undefined) return [];
    return importsOf(file)
      .filter((target) => topOf(target) !== own && !allowed.includes(topOf(target)))
      .map((target) => `${file.path} → ${target}`);
  });
}

function topOf(path: string): string {
  return path.split('/')[0] ?? path;
}
