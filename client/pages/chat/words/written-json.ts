import { jsonText } from '../../../sdk/json.js';

/** Characters of JSON that are laid out in lines; more, which deep nesting makes of little, stays in one line. */
export const LAID_OUT_MAX = 200_000;

/** Writes a JSON value in one line. Deeper than a program can walk it, it is only said to be so. */
export function writtenJson(value: unknown): string {
  // The call stack is bounded, and a message of a few kB nests deeper.
  return jsonText(value) ?? '(JSON that is nested too deeply to be shown)';
}

/** Writes a JSON value to be read, in lines. */
export function laidOutJson(value: unknown): string {
  try {
    const text = JSON.stringify(value, null, 2);
    return text.length <= LAID_OUT_MAX ? text : writtenJson(value);
  } catch {
    return writtenJson(value);
  }
}
