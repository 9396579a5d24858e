/** Text from outside, made fit to be printed: names in files can be long, and can hold what moves a terminal's cursor. */

/** Control characters, line ends among them, and marks that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;
const ENCODER = new TextEncoder();

/** The text with characters that do not print written out, as in `\u{1b}`. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${character.codePointAt(0)!.toString(16)}}`;
  });
}

/** The text on one line of at most `limit` bytes in UTF-8, with its beginning and its end. */
export function oneLine(text: string, limit: number): string {
  // A character that prints takes a byte or more: what is longer than the limit loses its middle before all else.
  const rough = text.length > 2 * limit ? text.slice(0, limit) + text.slice(text.length - limit) : text;
  const whole = escapeUnprintable(rough);
  if (rough === text && bytesOf(whole) <= limit) return whole;
  const note = ` … (${text.length} characters) … `;
  const tail = Math.floor(limit / 4);
  const end = takeBytes([...whole].reverse(), tail).reverse();
  const begin = takeBytes([...whole], limit - tail - bytesOf(note));
  return begin.join('') + note + end.join('');
}

/** Lines of at most `limit` bytes together; the rest is counted. */
export function fewLines(lines: readonly string[], limit: number): readonly string[] {
  const kept: string[] = [];
  let left = limit;
  for (const line of lines) {
    const short = oneLine(line, Math.floor(limit / 3));
    left -= bytesOf(short) + 1;
    if (left < 0) return [...kept, `… ${lines.length - kept.length} more lines`];
    kept.push(short);
  }
  return kept;
}

/** The first three of a list in a sentence, and how many there are beyond. */
export function someOf(items: readonly string[]): string {
  const shown = items.slice(0, 3).map((item) => oneLine(item, 120));
  return items.length <= 3 ? shown.join(', ') : `${shown.join(', ')} and ${items.length - 3} more`;
}

function takeBytes(characters: readonly string[], limit: number): string[] {
  let used = 0;
  const count = characters.findIndex((character) => {
    used += bytesOf(character);
    return used > limit;
  });
  return count < 0 ? [...characters] : characters.slice(0, count);
}

const bytesOf = (text: string) => ENCODER.encode(text).length;
