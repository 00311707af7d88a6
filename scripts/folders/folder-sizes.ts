/** Files that are too long and folders that are too full. */
import { posix } from 'node:path';
import { type SourceFile } from './source-files.js';

/** Longest file, in lines. */
export const LINES_MAX = 400;

/** Most source files in one folder, without those in its rooms. */
export const FILES_MAX = 15;

/** Paths of the files that have more than {@link LINES_MAX} lines. */
export function tooLong(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ text }) => text.split('\n').length - 1 > LINES_MAX)
    .map(({ path }) => path);
}

/** Folders that hold more than {@link FILES_MAX} files. */
export function tooFull(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const folder = posix.dirname(path);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > FILES_MAX).map(([folder]) => folder);
}
