/**
 * A strict reading of a safetensors file, apart from the reader under test, by the format's description and its
 * reference implementation: https://github.com/huggingface/safetensors (README, and `validate` in tensor.rs).
 */
import { type ObjectTree, printTree, type Tree } from './json-tree.ts';
import { depthOf, parseStrictly } from './strict-json.ts';

export interface StoredTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

export interface Judgement {
  readonly verdict: 'accept' | 'refuse' | 'either';
  readonly why: string;
  readonly tensors?: readonly StoredTensor[];
}

const BITS: ReadonlyMap<string, bigint> = new Map([
  ...(['F64', 'I64', 'U64', 'C64'] as const).map((name) => [name, 64n] as const),
  ...(['F32', 'I32', 'U32'] as const).map((name) => [name, 32n] as const),
  ...(['F16', 'BF16', 'I16', 'U16'] as const).map((name) => [name, 16n] as const),
  ...(['U8', 'I8', 'BOOL', 'F8_E5M2', 'F8_E4M3', 'F8_E8M0'] as const).map((name) => [name, 8n] as const),
  ['F6_E2M3', 6n] as const,
  ['F6_E3M2', 6n] as const,
  ['F4', 4n] as const,
]);

const refuse = (why: string): Judgement => ({ verdict: 'refuse', why });
/** Implementations differ, or the description leaves it open. */
const either = (why: string): Judgement => ({ verdict: 'either', why });

export function judgeSafetensors(bytes: Uint8Array): Judgement {
  if (bytes.length < 8) return refuse('no header length');
  const length = Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64LE();
  if (length > 100_000_000n) return refuse('header length beyond the limit');
  if (8n + length > BigInt(bytes.length)) return refuse('header beyond the file');
  const start = 8 + Number(length);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, start));
  } catch {
    return refuse('header is not UTF-8');
  }
  if (text[0] !== '{') return refuse('header does not begin with {');
  if (depthOf(text) > 100) return either('deep nesting');
  const tree = parseStrictly(text);
  if (tree?.kind !== 'object') return refuse('header is not a JSON object');
  if (!isWellFormed(printTree(tree))) return either('half a surrogate pair');
  // The format asks for spaces behind the header; the reference implementation takes any white space.
  const judged = judgeHeader(tree, start, bytes.length);
  return judged.verdict === 'accept' && /[\t\n\r]$/.test(text)
    ? either('white space other than spaces')
    : judged;
}

function judgeHeader(tree: ObjectTree, start: number, fileSize: number): Judgement {
  if (hasTwice(tree)) return refuse('a name twice');
  const tensors: StoredTensor[] = [];
  let open: string | undefined;
  for (const [name, entry] of tree.entries) {
    if (name === '__metadata__') {
      // The reference implementation takes null for none.
      if (entry.kind === 'leaf' && entry.text === 'null') continue;
      if (entry.kind !== 'object') return refuse('metadata is no object');
      if (hasTwice(entry)) return refuse('a name twice in the metadata');
      const isText = (value: Tree) => value.kind === 'leaf' && value.text.startsWith('"');
      if (!entry.entries.every(([, value]) => isText(value))) return refuse('metadata other than text');
      continue;
    }
    if (entry.kind !== 'object') return refuse('a tensor that is no object');
    const known = entry.entries.filter(([field]) => FIELDS.includes(field));
    if (known.length !== new Set(known.map(([field]) => field)).size) return refuse('a field twice');
    // Fields that nobody knows are skipped by the reference implementation.
    if (known.length < entry.entries.length) open ??= 'a field more';
    const fields = Object.fromEntries(known);
    const dtype =
      fields.dtype?.kind === 'leaf' && fields.dtype.text.startsWith('"') ? JSON.parse(fields.dtype.text) : '';
    const bits = BITS.get(dtype);
    const shape = wholeNumbers(fields.shape);
    const offsets = wholeNumbers(fields.data_offsets);
    if (bits === undefined || shape === undefined || offsets?.length !== 2)
      return refuse('fields of a tensor');
    if (shape === 'spelled otherwise' || offsets === 'spelled otherwise')
      return either('numbers spelled otherwise');
    const [begin, end] = offsets as [bigint, bigint];
    const size = shape.reduce((product, extent) => product * extent, bits);
    // The reference implementation multiplies in 64 bits and refuses what does not fit, also when a zero follows.
    if (shape.some((extent) => extent >= 2n ** 53n)) open ??= 'a shape beyond 2⁵³';
    let partial = 1n;
    for (const extent of shape) {
      partial *= extent;
      if (partial * bits >= 2n ** 64n) open ??= 'a shape that overflows on the way';
    }
    if (begin > end || size !== (end - begin) * 8n) return refuse('length of a tensor');
    tensors.push({
      name,
      dtype,
      shape: shape.map(Number),
      offset: start + Number(begin),
      length: Number(end - begin),
    });
  }
  let at = start;
  for (const { offset, length } of tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (offset !== at) return refuse('gap or overlap');
    at = offset + length;
  }
  if (at !== fileSize) return refuse('data end elsewhere than the file');
  if (open !== undefined) return { ...either(open), tensors };
  return { verdict: 'accept', why: 'valid', tensors };
}

const FIELDS = ['dtype', 'shape', 'data_offsets'];

function wholeNumbers(tree: Tree | undefined): bigint[] | 'spelled otherwise' | undefined {
  if (tree?.kind !== 'array') return undefined;
  const texts = tree.items.map((item) => (item.kind === 'leaf' ? item.text : ''));
  if (texts.every((text) => /^\d+$/.test(text))) return texts.map(BigInt);
  // `1.0` and `1e0` are whole in JSON and not in the reference implementation.
  return texts.every((text) => /^[-\d]/.test(text) && Number(text) >= 0 && Number.isInteger(Number(text)))
    ? 'spelled otherwise'
    : undefined;
}

function hasTwice({ entries }: ObjectTree): boolean {
  return new Set(entries.map(([name]) => name)).size < entries.length;
}

/** Also of escapes: a name may be written \ud800. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text) && !/\\u[dD][89a-fA-F]/.test(text);
}
