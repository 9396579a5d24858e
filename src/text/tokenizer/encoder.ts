/** The way of a text through a tokenizer: added tokens, normalizer, pre-tokenizer, model. */
import type { TokenizerFiles } from '../tokenizer-files.ts';
import { type AddedToken, isNormalized, TokenFinder } from './added-tokens.ts';
import type { IdList } from './id-list.ts';
import { makeNormalizer, type Normalizer } from './normalizers.ts';
import { makePreTokenizer, type PreTokenizer } from './pre-tokenizers.ts';
import { collectAddedTokens } from './special-tokens.ts';
import { makeWordModel, type WordModel } from './word-model.ts';

export class Encoder {
  /** Ids by token, those that were added included. */
  readonly ids: ReadonlyMap<string, number>;
  /** Tokens by id, as they are decoded: an added token as the normalizer leaves it. */
  readonly tokens: ReadonlyMap<number, string>;
  /** Ids of special tokens. */
  readonly special: ReadonlySet<number>;
  private readonly model: WordModel;
  private readonly normalize: Normalizer;
  private readonly preTokenize: PreTokenizer;
  private readonly written: TokenFinder;
  private readonly normalized: TokenFinder;

  /** Throws {@link UnsupportedPart}, or what the parts of tokenizer.json say of it. */
  constructor({ tokenizer, config }: Pick<TokenizerFiles, 'tokenizer' | 'config'>) {
    this.model = makeWordModel(tokenizer.model);
    this.normalize = makeNormalizer(tokenizer.normalizer);
    this.preTokenize = makePreTokenizer(tokenizer.pre_tokenizer);
    const added = collectAddedTokens(tokenizer.added_tokens, config, this.model.vocabulary);
    this.special = new Set(added.filter(({ special }) => special).map(({ id }) => id));
    this.ids = new Map([...this.model.vocabulary, ...added.map(({ content, id }) => [content, id] as const)]);
    const textOf = (token: AddedToken) =>
      isNormalized(token) ? this.normalize(token.content) : token.content;
    this.tokens = new Map([
      ...Array.from(this.model.vocabulary, ([token, id]) => [id, token] as const),
      ...added.map((token) => [token.id, textOf(token)] as const),
    ]);
    const finder = (normalized: boolean) =>
      new TokenFinder(
        added
          .filter((token) => isNormalized(token) === normalized)
          .map((token) => ({ token, text: textOf(token) })),
      );
    this.written = finder(false);
    this.normalized = finder(true);
  }

  /** Appends the ids of a text. Throws {@link UnbrokenText}. */
  encode(text: string, ids: IdList): void {
    for (const section of this.written.split(text)) {
      if ('token' in section) ids.push(section.token);
      else this.encodeSection(this.normalize(section.text), section.start === 0, ids);
    }
  }

  private encodeSection(text: string, first: boolean, ids: IdList): void {
    for (const part of this.normalized.split(text)) {
      if ('token' in part) ids.push(part.token);
      else {
        const piece = { text: part.text, first: first && part.start === 0 };
        for (const word of this.preTokenize(piece)) this.model.encode(word.text, ids);
      }
    }
  }
}
