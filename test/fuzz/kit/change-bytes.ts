/** Changes of bytes that know nothing of what they mean. */
import type { Rng } from '../../../src/numeric/index.ts';
import { pick } from './odd-values.ts';

export interface ByteChange {
  readonly bytes: Uint8Array;
  readonly what:
    | 'cut'
    | 'flip'
    | 'overwrite'
    | 'insert'
    | 'delete'
    | 'repeat'
    | 'append'
    | 'splice'
    | 'empty';
}

/** One random change; `other` is another valid file, for splices. */
export function changeBytes(bytes: Uint8Array, rng: Rng, other: () => Uint8Array): ByteChange {
  const at = rng.integer(bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + rng.integer(16));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (rng.integer(9)) {
    case 0:
      return { what: 'cut', bytes: before };
    case 1: {
      const copy = Uint8Array.from(bytes);
      for (let i = 0; i <= rng.integer(4); i++) copy[rng.integer(copy.length || 1)]! ^= 1 << rng.integer(8);
      return { what: 'flip', bytes: copy };
    }
    case 2: {
      const copy = Uint8Array.from(bytes);
      copy.fill(pick(rng, [0, 0x20, 0x22, 0x2c, 0x5b, 0x7b, 0x7d, 0x80, 0xff]), at, at + length);
      return { what: 'overwrite', bytes: copy };
    }
    case 3:
      return { what: 'insert', bytes: join(before, randomBytes(rng, 1 + rng.integer(8)), after) };
    case 4:
      return { what: 'delete', bytes: join(before, after.subarray(length)) };
    case 5:
      return { what: 'repeat', bytes: join(before, after.subarray(0, length), after) };
    case 6:
      return { what: 'append', bytes: join(bytes, randomBytes(rng, 1 + rng.integer(64))) };
    case 7: {
      const rest = other();
      return { what: 'splice', bytes: join(before, rest.subarray(rng.integer(rest.length + 1))) };
    }
    default:
      return rng.integer(20) === 0
        ? { what: 'empty', bytes: new Uint8Array(0) }
        : { what: 'cut', bytes: before };
  }
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

export function randomBytes(rng: Rng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => rng.integer(256));
}

export const textBytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
