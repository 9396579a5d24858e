/** Which added tokens there are, by tokenizer.json and, as transformers does it, by tokenizer_config.json. */
import { z } from 'zod';
import { type AddedToken, parseAddedToken, parseAddedTokens } from './added-tokens.ts';

type Config = Readonly<Record<string, unknown>>;

const NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'].map((name) => `${name}_token`);

/** A token of tokenizer_config.json is its text, or an object that holds it. */
export function contentOf(token: unknown): string | undefined {
  const content = typeof token === 'object' && token !== null && 'content' in token ? token.content : token;
  return typeof content === 'string' ? content : undefined;
}

/**
 * The entries of `added_tokens` and those of `added_tokens_decoder`, whose flags win; special tokens that the
 * configuration names are found in a text too when the vocabulary has them.
 */
export function collectAddedTokens(
  entries: unknown,
  config: Config,
  vocabulary: ReadonlyMap<string, number>,
): readonly AddedToken[] {
  const tokens = new Map(parseAddedTokens(entries).map((token) => [token.content, token]));
  let next = checkIds([...tokens.values()], vocabulary);
  const decoder = z.record(z.string(), z.unknown()).parse(config.added_tokens_decoder ?? {});
  const declared = Object.entries(decoder)
    .map(([id, entry]) => parseAddedToken({ ...(entry as object), id: Number(id) }))
    .toSorted((a, b) => a.id - b.id);
  for (const token of declared) {
    // As in transformers, a token keeps the id that it has, and a new one gets the next, whatever is declared.
    const id = tokens.get(token.content)?.id ?? vocabulary.get(token.content) ?? next++;
    tokens.set(token.content, { ...token, id });
  }
  const additional = config.additional_special_tokens ?? config.extra_special_tokens;
  const named = [...NAMES.map((name) => config[name]), ...(Array.isArray(additional) ? additional : [])];
  for (const content of named.map(contentOf)) {
    const id = content === undefined ? undefined : vocabulary.get(content);
    if (id === undefined || tokens.has(content!)) continue;
    tokens.set(content!, parseAddedToken({ id, content, special: true, normalized: false }));
  }
  return [...tokens.values()];
}

/**
 * The original counts ids itself and does not look at those of the file: where they differ, nobody is right.
 * @returns the id that the next new token gets.
 */
function checkIds(tokens: readonly AddedToken[], vocabulary: ReadonlyMap<string, number>): number {
  let next = vocabulary.size;
  for (const { content, id } of tokens) {
    const expected = vocabulary.get(content) ?? next;
    if (id !== expected) {
      const name = JSON.stringify(content.slice(0, 60));
      throw new Error(`the added token ${name} has the id ${id}, and transformers gives it ${expected}`);
    }
    next = Math.max(next, id + 1);
  }
  return next;
}
