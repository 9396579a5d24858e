/** The likeliest way to write a word in tokens (`src/models/unigram` of the tokenizers library, there `encode_optimized`). */
import { bytesOf, findNeighbours } from './byte-pairs.ts';
import type { IdList } from './id-list.ts';
import { PrefixTree } from './prefix-tree.ts';
import { cutApart } from './unbroken-text.ts';

/** What an unknown character costs beyond the least likely token. */
const UNKNOWN_PENALTY = 10;

export class Unigram {
  readonly vocabulary: ReadonlyMap<string, number>;
  private readonly scores: readonly number[];
  private readonly unknown: number | null;
  private readonly unknownScore: number;
  private readonly byteFallback: boolean;
  private readonly tree = new PrefixTree<number>();
  private readonly neighbours: ReadonlySet<string>;

  /** Throws when there is no token, or no such token as `unknown`. */
  constructor(vocab: readonly (readonly [string, number])[], unknown: number | null, byteFallback: boolean) {
    if (vocab.length === 0) throw new Error('an empty vocabulary');
    if (unknown !== null && unknown >= vocab.length)
      throw new Error(`no token ${unknown}, which unk_id names`);
    this.vocabulary = new Map(vocab.map(([token], id) => [token, id]));
    this.scores = vocab.map(([, score]) => score);
    this.unknown = unknown;
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score)) - UNKNOWN_PENALTY;
    this.byteFallback = byteFallback;
    for (const [token, id] of this.vocabulary) this.tree.add(Array.from(token), id);
    this.neighbours = findNeighbours(this.vocabulary.keys());
  }

  encode(word: string, ids: IdList): void {
    let state: State = { score: 0, unknown: '' };
    // Between two characters that no token holds side by side, every way to write the word passes.
    for (const stretch of cutApart(word, (before, after) => !this.neighbours.has(before + after))) {
      state = this.encodeStretch(Array.from(stretch), state, ids);
    }
    this.writeUnknown(state.unknown, ids);
  }

  /** Scores go on from stretch to stretch: sums that are rounded otherwise could decide otherwise. */
  private encodeStretch(characters: readonly string[], before: State, ids: IdList): State {
    const { length } = characters;
    const best = new Float64Array(length + 1);
    best[0] = before.score;
    const from = new Int32Array(length + 1).fill(-1);
    const chosen = new Int32Array(length + 1);
    const offer = (start: number, end: number, score: number, id: number) => {
      const candidate = score + best[start]!;
      if (from[end]! >= 0 && candidate <= best[end]!) return;
      best[end] = candidate;
      from[end] = start;
      chosen[end] = id;
    };
    for (let start = 0; start < length; start++) {
      let single = false;
      this.tree.visit(characters, start, (end, id) => {
        offer(start, end, this.scores[id]!, id);
        single ||= end === start + 1;
      });
      if (single) continue;
      if (this.unknown === null) throw new Error('a character is no token, and there is no unknown token');
      offer(start, start + 1, this.unknownScore, this.unknown);
    }
    const ends: number[] = [];
    for (let end = length; end > 0; end = from[end]!) ends.push(end);
    let { unknown } = before;
    for (const end of ends.reverse()) {
      const id = chosen[end]!;
      // Unknown characters in a row are one token.
      if (id === this.unknown) unknown += characters.slice(from[end]!, end).join('');
      else {
        this.writeUnknown(unknown, ids);
        unknown = '';
        ids.push(id);
      }
    }
    return { score: best[length]!, unknown };
  }

  /** Characters that are no token: their bytes when all of those are tokens. */
  private writeUnknown(text: string, ids: IdList): void {
    if (text === '') return;
    const known = this.vocabulary.get(text);
    const bytes =
      this.byteFallback && known === undefined ? bytesOf(text).map((name) => this.vocabulary.get(name)) : [];
    if (known !== undefined) ids.push(known);
    else if (bytes.length === 0 || bytes.includes(undefined)) ids.push(this.unknown!);
    else for (const id of bytes) ids.push(id!);
  }
}

/** Where a stretch ends: the sum of scores so far, and unknown characters that may go on. */
interface State {
  readonly score: number;
  readonly unknown: string;
}
