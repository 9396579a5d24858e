/** Tokens that are found in the text itself, before anything else is done to it (`src/tokenizer/added_vocabulary.rs`). */
import { z } from 'zod';
import { PrefixTree } from './prefix-tree.ts';

const addedTokenSchema = z.strictObject({
  __type: z.literal('AddedToken').optional(),
  id: z.int().min(0),
  content: z.string(),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().optional(),
  special: z.boolean().default(false),
});
export type AddedToken = z.infer<typeof addedTokenSchema>;

export const parseAddedToken = (entry: unknown): AddedToken => addedTokenSchema.parse(entry);

/** The entries of `added_tokens`, checked. */
export const parseAddedTokens = (entries: unknown): readonly AddedToken[] =>
  z.array(addedTokenSchema).parse(entries ?? []);

/** Whether a token is looked for in the text as the normalizer leaves it, instead of as it is written. */
export const isNormalized = ({ normalized, special }: AddedToken): boolean => normalized ?? !special;

/** A piece of a text: a token, or text between tokens that begins at `start`. */
export type Section = { readonly token: number } | { readonly text: string; readonly start: number };

/** A character of a word, as Rust's regular expressions have it. */
export const WORD = '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]';
const ENDS_WITH_WORD = new RegExp(`${WORD}$`, 'u');
const STARTS_WITH_WORD = new RegExp(`^${WORD}`, 'u');
const SPACE = /\p{White_Space}/u;

/** Finds tokens in a text: the leftmost, and of those that begin at one place the longest. */
export class TokenFinder {
  private readonly tree = new PrefixTree<AddedToken>();
  private readonly begins: RegExp;

  /** @param tokens with the text to look for. */
  constructor(tokens: readonly { readonly text: string; readonly token: AddedToken }[]) {
    for (const { text, token } of tokens) this.tree.add(text, token);
    const units = this.tree.begins.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    this.begins = units.length === 0 ? /(?!)/g : new RegExp(`[${units.join('')}]`, 'g');
  }

  /** The text between tokens, and the tokens, in order; nothing is empty. */
  *split(text: string): Generator<Section> {
    let done = 0;
    for (let at = this.begin(text, 0); at >= 0; ) {
      const found = this.longest(text, at);
      const end = at + (found?.length ?? 1);
      const place = found === undefined ? undefined : placeOf(text, found.token, at, end, done);
      if (place !== undefined) {
        if (done < place.start) yield { text: text.slice(done, place.start), start: done };
        yield { token: found!.token.id };
        done = place.end;
      }
      at = this.begin(text, Math.max(end, done));
    }
    if (done < text.length) yield { text: text.slice(done), start: done };
  }

  private begin(text: string, from: number): number {
    this.begins.lastIndex = from;
    return this.begins.exec(text)?.index ?? -1;
  }

  private longest(text: string, start: number): { token: AddedToken; length: number } | undefined {
    let found: { token: AddedToken; length: number } | undefined;
    this.tree.visit(text, start, (end, token) => {
      found = { token, length: end - start };
    });
    return found;
  }
}

/** What a token takes of the text, white space on the sides that it strips included; nothing within a word. */
function placeOf(text: string, token: AddedToken, start: number, end: number, done: number) {
  if (token.single_word) {
    const before = text.slice(Math.max(0, start - 2), start);
    const after = text.slice(end, end + 2);
    if (ENDS_WITH_WORD.test(before) || STARTS_WITH_WORD.test(after)) return undefined;
  }
  let [from, to] = [start, end];
  while (token.lstrip && from > done && SPACE.test(text[from - 1]!)) from--;
  while (token.rstrip && to < text.length && SPACE.test(text[to]!)) to++;
  return { start: from, end: to };
}
