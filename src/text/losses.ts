/** What is lost between a text and its sequences. */
import type { Tokenizer } from './tokenizer.ts';

/** Counts, told in whole sentences. */
export class Losses {
  /** Tokens at the end that are too few for a sequence. */
  rest = 0;
  /** Sequences without a target. */
  empty = 0;
  /** Prompts that end within a token. */
  straddling = 0;
  private readonly cut = { prompts: { rows: 0, tokens: 0 }, completions: { rows: 0, tokens: 0 } };

  /** One of `kind` loses so many tokens. */
  count(kind: 'prompts' | 'completions', tokens: number): void {
    if (tokens === 0) return;
    this.cut[kind].rows++;
    this.cut[kind].tokens += tokens;
  }

  tell({ endOfText, endOfSequence }: Tokenizer): string[] {
    const { prompts, completions } = this.cut;
    const sentences: readonly [happened: unknown, sentence: string][] = [
      [
        prompts.rows,
        `Prompts that lost their beginning, so that the completion fits: ${prompts.rows} (${prompts.tokens} tokens).`,
      ],
      [
        completions.rows,
        `Completions too long for a sequence, which lost their end: ${completions.rows} (${completions.tokens} tokens).`,
      ],
      [this.straddling, `Prompts that end within a token, which is predicted then: ${this.straddling}.`],
      [this.empty, `Sequences left out because nothing in them is to be predicted: ${this.empty}.`],
      [this.rest, `Tokens left out at the end, too few for a sequence: ${this.rest}.`],
      [
        endOfText === null && endOfSequence === null,
        'The tokenizer names no token that ends a text, so that no end is learned.',
      ],
    ];
    return sentences.filter(([happened]) => happened).map(([, sentence]) => sentence);
  }
}
