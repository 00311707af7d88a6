/** Splits bytes into lines, in the memory of one. */
import { BackupFileError } from './backup-file.js';

/** Longest line of a backup, in characters: far above a frame with its escapes. */
const LINE_CHARS_MAX = 16_777_216;

/**
 * Yields the lines of a text, without their ends.
 * @throws {BackupFileError} when a line is longer than any of a backup
 */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_CHARS_MAX) throw new BackupFileError('it is no backup of Rollcall');
    yield* lines;
  }
  if (rest !== '') yield rest;
}
