/** Tables of generated docs. */

/** Returns rows as a Markdown table, its columns aligned as Prettier aligns them. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[]
): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length))
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
