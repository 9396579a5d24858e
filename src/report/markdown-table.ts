/** Tables and text of Markdown. */
import { escapeUnprintable } from '../errors/index.ts';

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
  return escapeUnprintable(text.replace(/\s*[\r\n]\s*/g, ' '))
    .replace(/[|\\`*_<>]/g, '\\$&')
    .replace(/\](?=[([:])/g, '\\]')
    .replace(/^[#+=~-]+(?=\s|$)/, '\\$&');
}

/** Text of a record as code on one line, whatever backticks are in it. */
export function inlineCode(text: string): string {
  const code = escapeUnprintable(text).replaceAll('|', '\\|');
  const longest = Math.max(0, ...(code.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return longest === 0 ? `${fence}${code}${fence}` : `${fence} ${code} ${fence}`;
}
