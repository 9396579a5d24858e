/** Documents, one after the other, into sequences of equal length. */
import { invariant } from '../errors/index.ts';
import type { EncodedDocument } from './encoded-document.ts';
import { Losses } from './losses.ts';
import { SequenceStore } from './sequence-store.ts';
import { type Sequences, sequencesIn } from './sequences.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface SequenceOptions {
  /** Tokens in a sequence. */
  readonly seqLen: number;
  /**
   * `true`: all documents one after the other, each followed by the token that ends it, cut every `seqLen` tokens; what
   * remains is dropped. `false`: every document begins a sequence of its own. One without a prompt is cut every
   * `seqLen` tokens; one with a prompt has one sequence, see `pushFitted`. The last piece is padded on the right by
   * tokens that are no targets.
   */
  readonly pack: boolean;
}

/**
 * Cuts documents into sequences as they come; sequences without a single target are left out. Where the model wants a
 * token in front of every text, every sequence begins with it, also one that begins inside a document.
 */
export class SequenceBuilder {
  /** Tokens of the documents, before anything was dropped, added or padded. */
  tokensFound = 0;
  /** Tokens of finished sequences that are predicted. */
  targets = 0;
  readonly losses = new Losses();
  private readonly store: SequenceStore;
  private readonly tokenizer: Tokenizer;
  private readonly pack: boolean;
  /** The sequence that is being filled: ids, or ~id for a target. */
  private readonly row: Int32Array;
  private filled = 0;
  private targetsInRow = 0;

  constructor(tokenizer: Tokenizer, { seqLen, pack }: SequenceOptions) {
    invariant(seqLen >= 2, `a sequence of ${seqLen} tokens has nothing to predict`);
    this.tokenizer = tokenizer;
    this.pack = pack;
    this.row = new Int32Array(seqLen);
    this.store = new SequenceStore(seqLen);
  }

  /** Finished sequences. */
  get count(): number {
    return this.store.count;
  }

  add(document: EncodedDocument): void {
    this.tokensFound += document.length;
    this.losses.note(document);
    if (document.targets.length === 0) return;
    if (this.pack || document.given === 0) this.pushWhole(document);
    else this.pushFitted(document);
    if (!this.pack) while (this.filled > 0) this.push(this.tokenizer.endOfText ?? 0, false);
  }

  /** All sequences. What is left of an unfinished one is dropped, and counted. */
  finish(): Sequences {
    this.losses.rest = this.filled;
    this.filled = 0;
    const { tokensFound, targets } = this;
    return sequencesIn(this.store, { tokensFound, targets, notes: this.losses.tell(this.tokenizer) });
  }

  private pushWhole({ pieces, targets, end }: EncodedDocument): void {
    let at = 0;
    let run = 0;
    for (const piece of pieces) {
      for (let i = 0; i < piece.length; i++, at++) {
        while (run < targets.length && at >= targets[run]![1]) run++;
        this.push(piece[i]!, run < targets.length && at >= targets[run]![0]);
      }
    }
    if (end !== null) this.push(end, true);
  }

  /**
   * The sequence of a document with a prompt. Where both do not fit, the prompt loses its beginning (the begin-of-text
   * token stays), down to half a sequence; then what follows loses its end.
   */
  private pushFitted({ pieces, given, targets, end }: EncodedDocument): void {
    const { length: seqLen } = this.row;
    const ids = joinIds(pieces);
    const isTarget = new Uint8Array(ids.length + 1);
    for (const [from, to] of targets) isTarget.fill(1, from, to);
    if (end !== null) isTarget[ids.push(end) - 1] = 1;
    const rest = ids.length - given;
    const keptPrompt = Math.min(given, Math.max(seqLen - rest, seqLen >> 1));
    const keptRest = Math.min(rest, seqLen - keptPrompt);
    this.losses.count('prompts', given - keptPrompt);
    this.losses.count('completions', rest - keptRest);
    const { beginOfText } = this.tokenizer;
    const from = given - keptPrompt;
    for (let i = from; i < given + keptRest; i++) {
      const begins = i === from && from > 0 && ids[0] === beginOfText;
      this.push(begins ? ids[0]! : ids[i]!, isTarget[i] === 1);
    }
  }

  private push(id: number, target: boolean): void {
    const { beginOfText } = this.tokenizer;
    if (this.filled === 0 && beginOfText !== null && id !== beginOfText) this.append(beginOfText, false);
    this.append(id, target);
  }

  private append(id: number, target: boolean): void {
    // The first token of a sequence follows nothing.
    const counts = target && this.filled > 0;
    this.row[this.filled++] = counts ? ~id : id;
    if (counts) this.targetsInRow++;
    if (this.filled < this.row.length) return;
    if (this.targetsInRow > 0) this.store.append(this.row);
    else this.losses.empty++;
    this.targets += this.targetsInRow;
    this.filled = 0;
    this.targetsInRow = 0;
  }
}

/** Ids of several lists as one. */
export const joinIds = (pieces: readonly ArrayLike<number>[]): number[] =>
  pieces.flatMap((piece) => Array.from(piece));
