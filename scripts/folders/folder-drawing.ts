/** The drawing of the folders in docs/architecture.md. */
import { posix } from 'node:path';
import { folderImports, ONE_WAY, type FolderImport } from './folder-imports.js';
import { type SourceFile } from './source-files.js';

/** Marks in docs/architecture.md; the drawing stands between them. */
export const FOLDER_MARKS: readonly [string, string] = [
  '<!-- folders: npx tsx scripts/generated-docs.ts -->',
  '<!-- /folders -->'
];

/** Fewer arrows than this are written as words. */
const DRAWN_FROM = 4;

/**
 * The drawing as Markdown: one of the top folders, and one for the rooms of each folder whose rooms import each other. An
 * arrow means that at least one file imports one of the other folder; there are no counts, so that it changes only when an
 * arrow does.
 */
export function folderDrawing(files: readonly SourceFile[]): string {
  const tops = [...ONE_WAY.keys()];
  const drawn = files.filter(({ path }) => tops.includes(path.split('/')[0] ?? ''));
  const folders = foldersOf(drawn);
  const imports = folderImports(drawn).filter(({ to }) => folders.has(to));
  const inside = (parent: string): FolderImport[] =>
    imports.filter(({ from }) => posix.dirname(from) === parent);
  return [
    chart('TD', [...tops.map(box), ...inside('.').map(arrow)]),
    ...tops
      .toReversed()
      .flatMap((top) => [...folders].filter((folder) => `${folder}/`.startsWith(`${top}/`)))
      .flatMap((parent) => rooms(parent, folders, inside(parent)))
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

/** The rooms of one folder: a drawing, words when there are few arrows, empty when there is none. */
function rooms(
  parent: string,
  folders: ReadonlySet<string>,
  imports: readonly FolderImport[]
): string[] {
  if (imports.length === 0) return [];
  if (imports.length < DRAWN_FROM) return [`In \`${parent}/\`, ${inWords(imports)}.`];
  const boxes = [...folders].filter((folder) => posix.dirname(folder) === parent).map(box);
  const drawing = chart('LR', [...boxes, ...imports.map(arrow)]);
  return [`The rooms of \`${parent}/\`:`, drawing];
}

function inWords(imports: readonly FolderImport[]): string {
  const byImporter = new Map<string, string[]>();
  for (const { from, to } of imports) {
    byImporter.set(from, [...(byImporter.get(from) ?? []), nameOf(to)]);
  }
  return [...byImporter]
    .map(([from, names]) => `${nameOf(from)} imports ${names.join(' and ')}`)
    .join('; ');
}

function nameOf(folder: string): string {
  return `\`${posix.basename(folder)}\``;
}

function box(folder: string): string {
  return `${idOf(folder)}["${posix.basename(folder)}/"]`;
}

function chart(direction: string, lines: readonly string[]): string {
  const body = lines.map((line) => `  ${line}`);
  return ['```mermaid', `flowchart ${direction}`, ...body, '```'].join('\n');
}

function arrow({ from, to }: FolderImport): string {
  return `${idOf(from)} --> ${idOf(to)}`;
}

/** Returns a name without `/` that is no reserved word of Mermaid, such as `end` or `graph`. */
function idOf(folder: string): string {
  return `_${folder.replaceAll(/[^a-z0-9]/gi, '_')}`;
}
