/** The normalizer that SentencePiece compiles into a table of replacements (the crate `spm_precompiled`). */

/** A double-array trie: each unit holds where its children are, its letter, and whether a value follows. */
interface Table {
  readonly units: Uint32Array;
  /** Replacements one after the other, each ended by a byte of 0. */
  readonly texts: Uint8Array;
}

/** From this length on, bytes, what looks like one character is replaced part by part. */
const WHOLE_BELOW = 6;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * @param base64 the table: its size in bytes, the trie, the replacements.
 * @returns the text with every character replaced that the table has. Throws when the table is damaged.
 */
export function makePrecompiled(base64: string): (text: string) => string {
  const table = parseTable(Buffer.from(base64, 'base64'));
  const known = new Map<string, string>();
  const replace = (character: string): string => {
    const found = known.get(character);
    if (found !== undefined) return found;
    const bytes = encoder.encode(character);
    const whole = bytes.length < WHOLE_BELOW ? lookUp(table, bytes) : undefined;
    const text =
      whole ?? Array.from(character, (part) => lookUp(table, encoder.encode(part)) ?? part).join('');
    if (known.size > 10_000) known.clear();
    known.set(character, text);
    return text;
  };
  return (text) => {
    let normalized = '';
    for (const { segment } of segmenter.segment(text)) normalized += replace(segment);
    return normalized;
  };
}

function parseTable(bytes: Buffer): Table {
  const size = bytes.length < 4 ? Number.NaN : bytes.readUInt32LE(0);
  if (!(size % 4 === 0 && size > 0 && 4 + size <= bytes.length)) {
    throw new Error(`Precompiled: a table of ${bytes.length} bytes that is said to have ${size}`);
  }
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
  return { units, texts: bytes.subarray(4 + size) };
}

/** What the shortest beginning of `key` that the table has is replaced by: the original takes the first it finds. */
function lookUp({ units, texts }: Table, key: Uint8Array): string | undefined {
  let node = childrenOf(units[0]!);
  for (const byte of key) {
    if (byte === 0) return undefined;
    node = (node ^ byte) >>> 0;
    const unit = units[node];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return undefined;
    node = (node ^ childrenOf(unit)) >>> 0;
    const isLeaf = ((unit >>> 8) & 1) === 1;
    if (!isLeaf) continue;
    const start = (units[node] ?? 0) & 0x7fffffff;
    const end = texts.indexOf(0, start);
    return decoder.decode(texts.subarray(start, end < 0 ? texts.length : end));
  }
  return undefined;
}

const childrenOf = (unit: number): number => ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
