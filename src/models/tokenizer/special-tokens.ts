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
 * The entries of `added_tokens`; flags in `added_tokens_decoder` win over theirs, and special tokens that the
 * configuration names are found in a text too when the vocabulary has them.
 */
export function collectAddedTokens(
  entries: unknown,
  config: Config,
  vocabulary: ReadonlyMap<string, number>,
): readonly AddedToken[] {
  const tokens = new Map(parseAddedTokens(entries).map((token) => [token.content, token]));
  checkIds([...tokens.values()], vocabulary);
  const decoder = z.record(z.string(), z.unknown()).parse(config.added_tokens_decoder ?? {});
  for (const [id, entry] of Object.entries(decoder)) {
    const token = parseAddedToken({ ...(entry as object), id: Number(id) });
    const known = tokens.get(token.content)?.id ?? vocabulary.get(token.content);
    if (known === token.id) tokens.set(token.content, token);
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

/** The original counts ids itself and does not look at those of the file: where they differ, nobody is right. */
function checkIds(tokens: readonly AddedToken[], vocabulary: ReadonlyMap<string, number>): void {
  let next = vocabulary.size;
  for (const { content, id } of tokens) {
    const expected = vocabulary.get(content) ?? next;
    if (id !== expected) {
      const name = JSON.stringify(content.slice(0, 60));
      throw new Error(`the added token ${name} has the id ${id}, and transformers gives it ${expected}`);
    }
    next = Math.max(next, id + 1);
  }
}
