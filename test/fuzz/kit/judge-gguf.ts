/**
 * A strict reading of a GGUF header, apart from the reader under test, by the specification
 * (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Where ggml's own reader and the specification differ,
 * the judge leaves it open.
 */
import type { Judgement, StoredTensor } from './judge-safetensors.ts';

export interface GgufJudgement extends Judgement {
  /** Values as text: numbers of any width are told alike. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/** Elements and bytes of a block by number of the type; those that RankScope decodes. */
export const DECODABLE: Readonly<Record<number, readonly [name: string, elements: number, bytes: number]>> = {
  0: ['F32', 1, 4],
  1: ['F16', 1, 2],
  2: ['Q4_0', 32, 18],
  3: ['Q4_1', 32, 20],
  6: ['Q5_0', 32, 22],
  7: ['Q5_1', 32, 24],
  8: ['Q8_0', 32, 34],
  10: ['Q2_K', 256, 84],
  11: ['Q3_K', 256, 110],
  12: ['Q4_K', 256, 144],
  13: ['Q5_K', 256, 176],
  14: ['Q6_K', 256, 210],
  15: ['Q8_K', 256, 292],
  20: ['IQ4_NL', 32, 18],
  23: ['IQ4_XS', 256, 136],
  30: ['BF16', 1, 2],
  34: ['TQ1_0', 256, 54],
  35: ['TQ2_0', 256, 66],
  39: ['MXFP4', 32, 17],
};

/** Raised inside, told as a judgement. */
class Fault extends Error {}

const STRING = 8;
const ARRAY = 9;
const SIZES: Readonly<Record<number, number>> = {
  ...{ 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 },
};

export function judgeGguf(bytes: Uint8Array): GgufJudgement {
  try {
    return new Judge(bytes).judge();
  } catch (error) {
    if (error instanceof Fault) return { verdict: 'refuse', why: error.message };
    throw error;
  }
}

class Judge {
  private readonly bytes: Buffer;
  private at = 0;
  /** Why the verdict is left open. */
  private open: string | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  judge(): GgufJudgement {
    if (this.take(4).toString('latin1') !== 'GGUF') throw new Fault('magic');
    const version = this.take(4).readUInt32LE();
    if (version === 1) return { verdict: 'either', why: 'version 1' };
    if (version !== 2 && version !== 3) throw new Fault('version');
    const tensorCount = this.u64();
    const valueCount = this.u64();
    const metadata = this.readMetadata(valueCount);
    const alignment = this.alignmentOf(metadata.get('general.alignment'));
    const infos = this.readInfos(tensorCount);
    const start = Math.ceil(this.at / alignment) * alignment;
    const tensors = this.place(infos, start, alignment);
    if (tensors.length === 0 && start > this.bytes.length) this.open ??= 'no data at all';
    const texts = new Map([...metadata].map(([key, { text }]) => [key, text]));
    if (this.open !== undefined) return { verdict: 'either', why: this.open };
    return { verdict: 'accept', why: 'valid', tensors, metadata: texts };
  }

  private take(length: number): Buffer {
    if (length > this.bytes.length - this.at) throw new Fault('cut off');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private u64(): number {
    // What is beyond 2⁵³ is beyond every file, in whatever way it is rounded.
    return Number(this.take(8).readBigUInt64LE());
  }

  private string(): string {
    const text = this.take(this.u64());
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
    } catch {
      this.open ??= 'a text that is not UTF-8';
      return '';
    }
  }

  private readMetadata(count: number): Map<string, { type: number; text: string }> {
    const metadata = new Map<string, { type: number; text: string }>();
    for (let i = 0; i < count; i++) {
      const key = this.string();
      if (metadata.has(key)) throw new Fault('a key twice');
      if (!/^[\u0021-\u007e]{1,65535}$/.test(key)) this.open ??= 'a key that is not plain ASCII';
      const type = this.take(4).readUInt32LE();
      metadata.set(key, { type, text: this.value(type, 0) });
    }
    return metadata;
  }

  private value(type: number, depth: number): string {
    if (type === STRING) return this.string();
    if (type === ARRAY) {
      if (depth > 1000) throw new Fault('arrays in arrays without end');
      const itemType = this.take(4).readUInt32LE();
      if (itemType > 12) throw new Fault('type of a value');
      if (itemType === ARRAY) this.open ??= 'arrays of arrays, which ggml does not take';
      const items: string[] = [];
      for (let count = this.u64(); count > 0; count--) items.push(this.value(itemType, depth + 1));
      return `[${items.join()}]`;
    }
    const size = SIZES[type];
    if (size === undefined) throw new Fault('type of a value');
    return this.number(type, this.take(size));
  }

  private number(type: number, bytes: Buffer): string {
    switch (type) {
      case 0:
        return String(bytes.readUInt8());
      case 1:
        return String(bytes.readInt8());
      case 2:
        return String(bytes.readUInt16LE());
      case 3:
        return String(bytes.readInt16LE());
      case 4:
        return String(bytes.readUInt32LE());
      case 5:
        return String(bytes.readInt32LE());
      case 6:
        return String(bytes.readFloatLE());
      case 7:
        if (bytes[0]! > 1) throw new Fault('a truth value other than 0 and 1');
        return String(bytes[0] === 1);
      case 10:
        return String(bytes.readBigUInt64LE());
      case 11:
        return String(bytes.readBigInt64LE());
      default:
        return String(bytes.readDoubleLE());
    }
  }

  private alignmentOf(entry: { type: number; text: string } | undefined): number {
    if (entry === undefined) return 32;
    if (entry.type === STRING || entry.type === ARRAY || entry.type === 7)
      throw new Fault('type of the alignment');
    if (entry.type !== 4) this.open ??= 'an alignment that is not uint32';
    const alignment = Number(entry.text);
    const isPower = alignment >= 1 && Math.log2(alignment) % 1 === 0;
    const isMultiple = alignment > 0 && alignment % 8 === 0;
    if (!isPower && !isMultiple) throw new Fault('alignment');
    if (!isPower || !isMultiple) this.open ??= 'an alignment that ggml and the specification see differently';
    return alignment;
  }

  private readInfos(count: number) {
    const infos: { name: string; dims: bigint[]; type: number; offset: bigint }[] = [];
    const names = new Set<string>();
    for (let i = 0; i < count; i++) {
      const before = this.at;
      const name = this.string();
      if (this.at - before - 8 > 64) throw new Fault('a long name');
      // ggml's names are C strings: one that holds a zero ends there.
      if (this.at - before - 8 === 64 || name === '' || name.includes('\0'))
        this.open ??= 'a name of 64 bytes, or none, or with a zero';
      if (names.has(name)) throw new Fault('a tensor twice');
      names.add(name);
      const axes = this.take(4).readUInt32LE();
      if (axes > 4) throw new Fault('more than 4 axes');
      const dims = Array.from({ length: axes }, () => this.take(8).readBigUInt64LE());
      const type = this.take(4).readUInt32LE();
      infos.push({ name, dims, type, offset: this.take(8).readBigUInt64LE() });
    }
    return infos;
  }

  private place(infos: ReturnType<Judge['readInfos']>, start: number, alignment: number): StoredTensor[] {
    const tensors = infos.map(({ name, dims, type, offset }) => {
      const known = DECODABLE[type];
      // A type that we cannot decode, or nobody: both are refused.
      if (known === undefined) throw new Fault('type of a tensor');
      const [dtype, elements, blockBytes] = known;
      if ((dims[0] ?? 1n) % BigInt(elements) !== 0n) throw new Fault('rows that are not whole blocks');
      const size = dims.reduce((product, extent) => product * extent, 1n);
      if (size >= 2n ** 63n) throw new Fault('size beyond 2⁶³');
      if (size === 0n) this.open ??= 'a tensor without elements';
      const length = (size / BigInt(elements)) * BigInt(blockBytes);
      if (offset % BigInt(alignment) !== 0n) throw new Fault('offset off the alignment');
      if (BigInt(start) + offset + length > BigInt(this.bytes.length))
        throw new Fault('data beyond the file');
      const shape = dims.map(Number).toReversed();
      return { name, dtype, shape, offset: start + Number(offset), length: Number(length) };
    });
    let end = start;
    for (const { offset, length } of tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
      if (offset < end) throw new Fault('overlap');
      end = offset + length;
    }
    // ggml wants one tensor behind the other in the order of their infos; the specification does not say so.
    let next = start;
    for (const { offset, length } of tensors) {
      if (offset !== next) this.open ??= 'data out of order';
      next = Math.ceil((offset + length) / alignment) * alignment;
    }
    return tensors;
  }
}
