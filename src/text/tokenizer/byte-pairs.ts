/** Byte-pair encoding as the tokenizers library has it (`src/models/bpe`): by ids, the merge of lowest rank first. */
import type { IdList } from './id-list.ts';
import { MergeHeap } from './merge-heap.ts';
import { cutApart } from './unbroken-text.ts';

export interface BytePairOptions {
  /** Stands for a character that is no token. */
  readonly unk_token: string | null;
  readonly continuing_subword_prefix: string | null;
  readonly end_of_word_suffix: string | null;
  /** Unknown characters in a row are one token. */
  readonly fuse_unk: boolean;
  /** A character that is no token is written as the tokens `<0x..>` of its bytes, when all of them are there. */
  readonly byte_fallback: boolean;
  /** A word that is a token as a whole is not cut, whatever the merges say. */
  readonly ignore_merges: boolean;
}

/** Words whose ids are remembered, and how long they are at most. */
const REMEMBERED = 20_000;
const REMEMBERED_LENGTH = 64;
/** From this length on a word is cut where no merge reaches across. */
const CUT_FROM = 256;
const encoder = new TextEncoder();

export class BytePairs {
  readonly vocabulary: ReadonlyMap<string, number>;
  private readonly options: BytePairOptions;
  private readonly unknown: number | undefined;
  /** By the pair of ids, as one number: its rank, the last of them; `results` has the id that a rank makes. */
  private readonly ranks = new Map<number, number>();
  private readonly results: Int32Array;
  private readonly factor: number;
  private readonly memory = new Map<string, readonly number[]>();
  /** Neighbours within tokens, both characters written one after the other; made when a long word comes. */
  private neighbours: ReadonlySet<string> | undefined;

  /** Throws when a merge is malformed, or names or makes what is not in the vocabulary. */
  constructor(
    vocabulary: ReadonlyMap<string, number>,
    merges: readonly (string | readonly [string, string])[],
    options: BytePairOptions,
  ) {
    this.vocabulary = vocabulary;
    this.options = options;
    this.factor = 1 + [...vocabulary.values()].reduce((most, id) => Math.max(most, id), 0);
    this.unknown = options.unk_token === null ? undefined : vocabulary.get(options.unk_token);
    this.results = new Int32Array(merges.length);
    const prefix = options.continuing_subword_prefix?.length ?? 0;
    // Half a million merges are common: no list is made for each.
    merges.forEach((merge, rank) => {
      const [left, right, more] = typeof merge === 'string' ? merge.split(' ') : merge;
      if (left === undefined || right === undefined || more !== undefined) {
        throw new Error(`merge ${rank + 1} is not two tokens with a space between`);
      }
      const idOf = (token: string): number => {
        const id = vocabulary.get(token);
        if (id !== undefined) return id;
        const name = JSON.stringify(token.slice(0, 60));
        throw new Error(`merge ${rank + 1} needs the token ${name}, which is not in the vocabulary`);
      };
      this.ranks.set(idOf(left) * this.factor + idOf(right), rank);
      this.results[rank] = idOf(left + (prefix === 0 ? right : right.slice(prefix)));
    });
  }

  encode(word: string, ids: IdList): void {
    if (word.length <= REMEMBERED_LENGTH) {
      ids.pushAll(this.remembered(word));
      return;
    }
    const whole = this.options.ignore_merges ? this.vocabulary.get(word) : undefined;
    if (whole !== undefined) ids.push(whole);
    else for (const part of this.cut(word)) ids.pushAll(this.merge(part));
  }

  private remembered(word: string): readonly number[] {
    const known = this.memory.get(word);
    if (known !== undefined) return known;
    const whole = this.options.ignore_merges ? this.vocabulary.get(word) : undefined;
    const ids = whole === undefined ? this.merge(word) : [whole];
    if (this.memory.size >= REMEMBERED) this.memory.clear();
    this.memory.set(word, ids);
    return ids;
  }

  /** A long word in parts that become the same tokens: two neighbours that no token holds are never merged. */
  private cut(word: string): Iterable<string> {
    const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = this.options;
    if (word.length < CUT_FROM) return [word];
    // Where a character's place in the word matters, words stay whole.
    if (prefix || suffix) return cutApart(word, () => false);
    this.neighbours ??= findNeighbours(this.vocabulary.keys());
    const { neighbours } = this;
    // Characters that are no tokens may be left out or fused, which makes others neighbours.
    const isLetter = (character: string) => this.vocabulary.has(character);
    return cutApart(
      word,
      (before, after) => !neighbours.has(before + after) && isLetter(before) && isLetter(after),
    );
  }

  /** The tokens of single characters. */
  private letters(word: string): number[] {
    const {
      continuing_subword_prefix: prefix,
      end_of_word_suffix: suffix,
      fuse_unk,
      byte_fallback,
    } = this.options;
    const ids: number[] = [];
    // An unknown token waits for the next letter that is known.
    let unknown = false;
    let at = 0;
    for (const character of word) {
      at += character.length;
      const start = at > character.length && prefix ? prefix + character : character;
      const letter = at === word.length && suffix ? start + suffix : start;
      const id = this.vocabulary.get(letter);
      const bytes = id === undefined && byte_fallback ? this.bytes(letter) : undefined;
      if (id !== undefined) {
        if (unknown) ids.push(this.unknown!);
        unknown = false;
        ids.push(id);
      } else if (bytes !== undefined) {
        ids.push(...bytes);
      } else if (this.options.unk_token !== null) {
        if (this.unknown === undefined) {
          throw new Error(
            `its unknown token ${JSON.stringify(this.options.unk_token)} is not in the vocabulary`,
          );
        }
        if (unknown && !fuse_unk) ids.push(this.unknown);
        unknown = true;
      }
    }
    if (unknown) ids.push(this.unknown!);
    return ids;
  }

  private bytes(letter: string): number[] | undefined {
    const ids = bytesOf(letter).map((name) => this.vocabulary.get(name));
    return ids.includes(undefined) ? undefined : (ids as number[]);
  }

  /** The ids of a word: of all pairs that may be merged the one of lowest rank, and of those the leftmost. */
  private merge(word: string): readonly number[] {
    const ids = this.letters(word);
    const { length } = ids;
    if (length < 2) return ids;
    const before = Int32Array.from(ids, (_, i) => i - 1);
    const after = Int32Array.from(ids, (_, i) => i + 1);
    const heap = new MergeHeap();
    const offer = (left: number) => {
      const right = after[left]!;
      if (left < 0 || right >= length) return;
      const rank = this.ranks.get(ids[left]! * this.factor + ids[right]!);
      if (rank !== undefined) heap.push(rank, left, this.results[rank]!);
    };
    for (let i = 0; i + 1 < length; i++) offer(i);
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
      const { place, id } = next;
      const right = after[place]!;
      // What stood here may have become another token since.
      if (ids[place]! < 0 || right >= length) continue;
      const rank = this.ranks.get(ids[place]! * this.factor + ids[right]!);
      if (rank === undefined || this.results[rank] !== id) continue;
      ids[place] = id;
      ids[right] = -1;
      after[place] = after[right]!;
      if (after[place]! < length) before[after[place]!] = place;
      if (before[place]! >= 0) offer(before[place]!);
      offer(place);
    }
    return ids.filter((id) => id >= 0);
  }
}

/** The names of a text's bytes as tokens. */
export const bytesOf = (text: string): string[] =>
  Array.from(encoder.encode(text), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/** Every two characters that stand side by side in a token. */
export function findNeighbours(tokens: Iterable<string>): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const token of tokens) {
    let before = '';
    for (const character of token) {
      if (before !== '') pairs.add(before + character);
      before = character;
    }
  }
  return pairs;
}
