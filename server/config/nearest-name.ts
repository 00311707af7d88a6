/** Finds the known name nearest to a wrong one, for "did you mean" hints on settings, flags and commands. */

/** Most single-character mistakes in a name that still gets a hint. */
export const NEAREST_EDITS_MAX = 2; // with one more, unrelated short names would match

/** Returns the known name closest to `name` within {@link NEAREST_EDITS_MAX} edits; undefined when there is none. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestEdits = NEAREST_EDITS_MAX + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestEdits) continue;
    const edits = editsBetween(name, candidate);
    // A name of which every character would have to change is no hint.
    if (edits < bestEdits && edits < candidate.length) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [i, left] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, right] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
