/** The drawing of the folders in docs/architecture.md. */
import { posix } from 'node:path';
import { folderImports, ONE_WAY, type FolderImport } from './folder-imports.js';
import { type SourceFile } from './source-files.js';

/** The drawing stands between these in docs/architecture.md. */
export const FOLDER_MARKS: readonly [string, string] = [
  '<!-- folders: npx tsx scripts/generated-docs.ts -->',
  '<!-- /folders -->'
];

/** Fewer arrows than this are told in words. */
const DRAWN_FROM = 3;

/**
 * The drawing as Markdown: one of the top folders, and one of the rooms of each. An arrow means that at least one file
 * imports one of the other folder; there are no counts, so that it changes only when an arrow does.
 */
export function folderDrawing(files: readonly SourceFile[]): string {
  const tops = [...ONE_WAY.keys()];
  const drawn = files.filter(({ path }) => tops.includes(path.split('/')[0] ?? ''));
  const folders = foldersOf(drawn);
  const imports = folderImports(drawn).filter(({ to }) => folders.has(to));
  const between = imports.filter(({ from }) => !from.includes('/'));
  return [
    chart('TD', [...tops.map((top) => `${idOf(top)}["${top}/"]`), ...between.map(arrow)]),
    ...tops
      .toReversed()
      .map((top) => rooms(top, folders, imports))
      .filter((text) => text !== '')
  ].join('\n\n');
}

/** Every folder with code in it or below it. */
function foldersOf(files: readonly SourceFile[]): Set<string> {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let at = posix.dirname(path); at !== '.'; at = posix.dirname(at)) folders.add(at);
  }
  return new Set([...folders].sort());
}

function rooms(top: string, folders: ReadonlySet<string>, all: readonly FolderImport[]): string {
  const imports = all.filter(({ from }) => from.startsWith(`${top}/`));
  const name = (folder: string): string => `\`${folder.slice(top.length + 1)}\``;
  if (imports.length === 0) return '';
  if (imports.length < DRAWN_FROM) {
    const words = imports.map(({ from, to }) => `${name(from)} imports ${name(to)}`);
    return `In \`${top}/\`, ${words.join(', and ')}.`;
  }
  const lines = [...boxes(top, folders, ''), ...imports.map(arrow)];
  return `The rooms of \`${top}/\`:\n\n${chart('LR', lines)}`;
}

/** The rooms in a folder, those with rooms of their own as frames. */
function boxes(parent: string, folders: ReadonlySet<string>, indent: string): string[] {
  return [...folders]
    .filter((folder) => posix.dirname(folder) === parent)
    .flatMap((folder) => {
      const label = `${idOf(folder)}["${posix.basename(folder)}/"]`;
      const inside = boxes(folder, folders, `${indent}  `);
      if (inside.length === 0) return [`${indent}${label}`];
      return [`${indent}subgraph ${label}`, ...inside, `${indent}end`];
    });
}

function chart(direction: string, lines: readonly string[]): string {
  const body = lines.map((line) => `  ${line}`);
  return ['```mermaid', `flowchart ${direction}`, ...body, '```'].join('\n');
}

function arrow({ from, to }: FolderImport): string {
  return `${idOf(from)} --> ${idOf(to)}`;
}

/** A name without `/`, and none that Mermaid reads as a word of its own, such as `end` or `graph`. */
function idOf(folder: string): string {
  return `_${folder.replaceAll(/[^a-z0-9]/gi, '_')}`;
}
