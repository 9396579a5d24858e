/** Tables and text of Markdown. */

/** A table; columns to the right unless `left` holds their index. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[] = [],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (left.includes(column) ? ':---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Text of a record on one line, so that nothing in it is read as markup or breaks a table. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[|\\`*_<>]/g, '\\$&')
    .replace(/\](?=[([:])/g, '\\]')
    .replace(/\s*\n\s*/g, ' ');
}
