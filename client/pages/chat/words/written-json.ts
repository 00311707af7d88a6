import { jsonText } from '../../../sdk/json.js';

/** Longer JSON, in characters, stays in one line. Indenting a deeply nested value can make it very long. */
export const LAID_OUT_MAX = 200_000;

/** Writes a JSON value in one line. For a value nested too deep to be written, returns words that say so. */
export function writtenJson(value: unknown): string {
  // Even a message of a few kB can nest deeper than the call stack allows.
  return jsonText(value) ?? '(JSON that is nested too deeply to be shown)';
}

/** Writes a JSON value over several lines. */
export function laidOutJson(value: unknown): string {
  try {
    const text = JSON.stringify(value, null, 2);
    return text.length <= LAID_OUT_MAX ? text : writtenJson(value);
  } catch {
    return writtenJson(value);
  }
}
