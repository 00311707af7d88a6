/** Which messages are versions of one question: the rule that the SDK shows answers by, and that agents read by. */

/**
 * Returns the `mid` of the first version of a question. `replaced` maps the `mid` of a message to that of the message that
 * it regenerates or edits. It ends also when messages replace each other: all of a ring have the same first version.
 */
export function firstVersion(mid: string, replaced: ReadonlyMap<string, string>): string {
  const passed = [mid];
  for (let at = replaced.get(mid); at !== undefined; at = replaced.get(at)) {
    if (passed.includes(at)) return passed.slice(passed.indexOf(at)).sort()[0] ?? at;
    passed.push(at);
  }
  return passed.at(-1) ?? mid;
}
