/** Text of tokens that arrive one by one. */
import type { Tokenizer } from './tokenizer.ts';

/** What a decoder writes for bytes that are no whole character. */
const INCOMPLETE = '\ufffd';

/** Gives the text of each token as soon as its characters are whole: one may be spread over several tokens. */
export class TextStream {
  private readonly tokenizer: Pick<Tokenizer, 'decode'>;
  private waiting: number[] = [];

  constructor(tokenizer: Pick<Tokenizer, 'decode'>) {
    this.tokenizer = tokenizer;
  }

  /** The text that has become whole with this token; often empty. */
  push(token: number): string {
    this.waiting.push(token);
    const text = this.tokenizer.decode(this.waiting);
    if (text.endsWith(INCOMPLETE)) return '';
    this.waiting = [];
    return text;
  }

  /** What is left at the end. */
  end(): string {
    const text = this.tokenizer.decode(this.waiting);
    this.waiting = [];
    return text;
  }
}
