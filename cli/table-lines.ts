/** Tables in the output of commands. */

/** Returns rows of cells as lines, with two spaces between columns. Columns are to the left unless they say otherwise. */
export function tableLines(
  rows: readonly (readonly string[])[],
  isRight: readonly boolean[] = []
): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length))
  );
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return isRight[index] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd()
  );
}
