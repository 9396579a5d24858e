/** What is lost between a text and its sequences. */
import type { EncodedDocument } from './encoded-document.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Counts, told in whole sentences. */
export class Losses {
  /** Tokens at the end that are too few for a sequence. */
  rest = 0;
  /** Sequences without a target. */
  empty = 0;
  /** Prompts that end within a token. */
  private straddling = 0;
  /** Assistant turns that the template shows otherwise once the chat goes on. */
  private unlikeTurns = 0;
  private endlessTurns = 0;
  private withoutTemplate = 0;
  /** Chats in which nothing is predicted. */
  private idleChats = 0;
  private readonly cut = { prompts: { rows: 0, tokens: 0 }, completions: { rows: 0, tokens: 0 } };

  /** What was lost of a document. */
  note({
    straddles,
    unlikeTurns = 0,
    endlessTurns = 0,
    withoutTemplate = false,
    targets,
  }: EncodedDocument): void {
    if (straddles) this.straddling++;
    if (withoutTemplate) this.withoutTemplate++;
    this.unlikeTurns += unlikeTurns;
    this.endlessTurns += endlessTurns;
    if (targets.length === 0) this.idleChats++;
  }

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
      [
        this.withoutTemplate,
        `The model has no chat template: instructions were written in the prompt of Alpaca (${this.withoutTemplate}).`,
      ],
      [this.straddling, `Prompts that end within a token, which is predicted then: ${this.straddling}.`],
      [
        this.unlikeTurns,
        `Assistant turns that are not predicted, because the chat template shows them otherwise than it prompts for them (a template with {% generation %} blocks would say what is): ${this.unlikeTurns}.`,
      ],
      [
        this.endlessTurns,
        `Assistant turns that the chat template closes with no end token, so that their end is not learned: ${this.endlessTurns}.`,
      ],
      [this.idleChats, `Chats left out because nothing in them is to be predicted: ${this.idleChats}.`],
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
