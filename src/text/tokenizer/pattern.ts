/** Patterns of tokenizer.json (Oniguruma's regular expressions) as JavaScript's. */
import { z } from 'zod';
import { SplitPreTokenizer } from './library.ts';

export const patternSchema = z.union([
  z.strictObject({ Regex: z.string().max(100_000) }),
  z.strictObject({ String: z.string() }),
]);
export type Pattern = z.infer<typeof patternSchema>;

/** A global expression that finds what the original finds. Throws when there is no such. */
export function compilePattern(pattern: Pattern): RegExp {
  const written = 'Regex' in pattern ? { Regex: rewriteForJavaScript(pattern.Regex) } : pattern;
  const { pattern: compiled } = new SplitPreTokenizer({ type: 'Split', pattern: written, invert: true });
  // An empty String is found nowhere; an expression of no characters would be found everywhere.
  return 'String' in pattern && pattern.String === '' ? /(?!)/gu : compiled;
}

/** Letters beyond ASCII that Oniguruma counts as the same letter when it ignores case. */
const FOLDED: Readonly<Record<string, string>> = { s: 'ſ', k: '\u212a' };

/**
 * What the library leaves out when it translates: atomic groups `(?>…)` and possessive quantifiers `…++` become a
 * lookahead whose text is then taken as a whole, and `(?i:…)` knows ſ and the Kelvin sign.
 */
export function rewriteForJavaScript(source: string): string {
  const out: string[] = [];
  /** Where each open group began in `out`, whether it is atomic, and whether case is ignored outside of it. */
  const groups: { readonly start: number; readonly atomic: boolean; readonly fold: boolean }[] = [];
  let fold = false;
  let atom = -1;
  let names = 0;
  const keep = (start: number) => {
    const body = out.splice(start).join('');
    const name = `_${names++}_`;
    out.push(`(?:(?=(?<${name}>${body}))\\k<${name}>)`);
    atom = start;
  };
  for (let i = 0; i < source.length; ) {
    const rest = source.slice(i, i + 40);
    const opened = /^\((?:\?(?:>|i:|[:=!]|<[=!]|<\w+>))?/.exec(rest)?.[0];
    const quantifier = /^(?:[?*+]|\{\d*,?\d*\})/.exec(rest)?.[0];
    if (opened !== undefined) {
      groups.push({ start: out.length, atomic: opened === '(?>', fold });
      fold ||= opened === '(?i:';
      out.push(opened === '(?>' ? '(?:' : opened);
      i += opened.length;
      atom = -1;
    } else if (rest[0] === ')') {
      const group = groups.pop();
      out.push(')');
      i++;
      atom = group?.start ?? -1;
      fold = group?.fold ?? false;
      if (group?.atomic === true) keep(group.start);
    } else if (quantifier !== undefined && atom >= 0) {
      out.push(quantifier);
      i += quantifier.length;
      if (quantifier.length === 1 && source[i] === '+') {
        keep(atom);
        i++;
      } else if (source[i] === '?') {
        out.push('?');
        i++;
      }
    } else if (rest[0] === '[') {
      const end = endOfClass(source, i);
      atom = out.length;
      out.push(fold ? foldClass(source.slice(i, end)) : source.slice(i, end));
      i = end;
    } else {
      const text = /^(?:\\[pPxuk](?:\{[^}]*\}|<[^>]*>)|\\x[\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\.|[\s\S])/u.exec(
        rest,
      )![0];
      atom = text === '|' ? -1 : out.length;
      const more = fold ? FOLDED[text.toLowerCase()] : undefined;
      out.push(more === undefined ? text : `[${text.toLowerCase()}${text.toUpperCase()}${more}]`);
      i += text.length;
    }
  }
  return out.join('');
}

/** Where the class that begins at `start` ends; classes may hold classes. */
function endOfClass(source: string, start: number): number {
  let depth = 0;
  for (let i = start; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '[') depth++;
    // A bracket right at the beginning is a character of the class.
    else if (source[i] === ']' && !/\[\^?$/.test(source.slice(Math.max(start, i - 2), i)) && --depth === 0) {
      return i + 1;
    }
  }
  throw new Error('a character class without an end in a regular expression');
}

function foldClass(text: string): string {
  const plain = text.replace(/\\(?:[pP]\{[^}]*\}|.)/gu, '');
  const added = Object.entries(FOLDED).filter(([letter]) =>
    [letter, letter.toUpperCase()].some((c) => plain.includes(c) || inRange(plain, c)),
  );
  return `${text.slice(0, -1)}${added.map(([, more]) => more).join('')}]`;
}

const inRange = (text: string, letter: string): boolean =>
  [...text.matchAll(/(\w)-(\w)/g)].some(([, low, high]) => low! <= letter && letter <= high!);
