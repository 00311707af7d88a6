/** Reads JSON of somebody else, which may be none. */

/** Returns the value of a JSON text; null when it is no JSON, as for the text `null`. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
