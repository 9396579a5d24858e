/** Training of a byte-level BPE vocabulary (Sennrich et al. 2016, on bytes as in GPT-2). */

/** GPT-2's way to cut text into words: merges never cross them. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

export interface BytePairVocabulary {
  /** Tokens by id: the 256 bytes, then one per merge, in GPT-2's printable characters. */
  readonly tokens: readonly string[];
  /** The two tokens that each merge joins, in order. */
  readonly merges: readonly (readonly [string, string])[];
}

/** One distinct word of the text, as token ids that merges shorten. */
interface Word {
  ids: number[];
  readonly count: number;
}

/**
 * Learns `size − 256` merges: at each, the most frequent pair of neighbours becomes a token. Of equally
 * frequent pairs the one with the smaller ids is taken, so the result depends on the text alone.
 */
export function trainBytePairs(texts: readonly string[], size: number): BytePairVocabulary {
  const words = countWords(texts);
  const byteCharacters = printableBytes();
  const tokens = [...byteCharacters];
  const merges: [string, string][] = [];
  const pairs = new PairCounts();
  words.forEach((word, index) => {
    pairs.add(word, index, 1);
  });
  while (tokens.length < size) {
    const [left, right] = pairs.mostFrequent();
    const merged = tokens.length;
    merges.push([tokens[left]!, tokens[right]!]);
    tokens.push(tokens[left]! + tokens[right]!);
    for (const index of pairs.wordsWith(left, right)) {
      const word = words[index]!;
      pairs.add(word, index, -1);
      word.ids = mergePair(word.ids, left, right, merged);
      pairs.add(word, index, 1);
    }
  }
  return { tokens, merges };
}

/** How often each pair of neighbours occurs, and in which words it may occur. */
class PairCounts {
  private readonly counts = new Map<number, number>();
  private readonly places = new Map<number, Set<number>>();

  /** Adds (`sign` 1) or takes away (−1) the pairs of a word. */
  add({ ids, count }: Word, index: number, sign: 1 | -1): void {
    for (let i = 0; i + 1 < ids.length; i++) {
      const key = keyOf(ids[i]!, ids[i + 1]!);
      const total = (this.counts.get(key) ?? 0) + sign * count;
      if (total > 0) this.counts.set(key, total);
      else this.counts.delete(key);
      if (sign < 0) continue;
      const places = this.places.get(key);
      if (places === undefined) this.places.set(key, new Set([index]));
      else places.add(index);
    }
  }

  mostFrequent(): [number, number] {
    let best = -1;
    let bestCount = 0;
    for (const [key, count] of this.counts) {
      if (count > bestCount || (count === bestCount && key < best)) {
        best = key;
        bestCount = count;
      }
    }
    if (best < 0) throw new Error('the text is too short for a vocabulary of this size');
    return [Math.floor(best / PAIR_BASE), best % PAIR_BASE];
  }

  wordsWith(left: number, right: number): number[] {
    return [...(this.places.get(keyOf(left, right)) ?? [])];
  }
}

/** Above every token id, so that a pair is one exact number. */
const PAIR_BASE = 2 ** 20;
const keyOf = (left: number, right: number) => left * PAIR_BASE + right;

function mergePair(ids: readonly number[], left: number, right: number, merged: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    const joins = ids[i] === left && ids[i + 1] === right;
    result.push(joins ? merged : ids[i]!);
    if (joins) i++;
  }
  return result;
}

/** Distinct words in order of first appearance. */
function countWords(texts: readonly string[]): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const idOfByte = tokenIdOfByte();
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({
    ids: Array.from(encoder.encode(word), (byte) => idOfByte[byte]!),
    count,
  }));
}

/** Bytes that GPT-2 writes as the Latin-1 character of the same number. */
const isPrintable = (byte: number) =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

const BYTES = Array.from({ length: 256 }, (_, byte) => byte);
/** GPT-2's order of the first 256 tokens: printable bytes, then the others. */
const BYTE_ORDER = [...BYTES.filter(isPrintable), ...BYTES.filter((byte) => !isPrintable(byte))];

/** The characters of {@link BYTE_ORDER}: unprintable bytes are moved to 256 and above. */
function printableBytes(): string[] {
  let moved = 0;
  return BYTE_ORDER.map((byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + moved++));
}

function tokenIdOfByte(): number[] {
  const ids = new Array<number>(256);
  BYTE_ORDER.forEach((byte, id) => {
    ids[byte] = id;
  });
  return ids;
}
