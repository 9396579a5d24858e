/** Text of tokens that arrive one by one. */
import type { Tokenizer } from './tokenizer.ts';

/** What a decoder writes for bytes that are no whole character. */
const INCOMPLETE = '\ufffd';

/** Tokens that stand before, of which some decoders need one: they leave out a space at the beginning of a text. */
const CONTEXT = 4;

/** Gives the text of each token as soon as its characters are whole: one may be spread over several tokens. */
export class TextStream {
  private readonly tokenizer: Pick<Tokenizer, 'decode'>;
  /** Tokens whose text was given out already, as far as the next ones need them. */
  private before: readonly number[];
  private waiting: readonly number[] = [];

  /** @param before tokens that the text goes on from. */
  constructor(tokenizer: Pick<Tokenizer, 'decode'>, before: readonly number[] = []) {
    this.tokenizer = tokenizer;
    this.before = before.slice(-CONTEXT);
  }

  /** The text that has become whole with this token; often empty. */
  push(token: number): string {
    this.waiting = [...this.waiting, token];
    const text = this.decodeWaiting();
    if (text.endsWith(INCOMPLETE)) return '';
    this.before = this.waiting;
    this.waiting = [];
    return text;
  }

  /** What is left at the end. */
  end(): string {
    const text = this.decodeWaiting();
    this.waiting = [];
    return text;
  }

  private decodeWaiting(): string {
    const known = this.tokenizer.decode(this.before);
    return this.tokenizer.decode([...this.before, ...this.waiting]).slice(known.length);
  }
}
