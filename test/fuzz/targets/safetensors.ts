/** Headers of safetensors files, judged beside the reader by a strict reading of the format. */
import { join } from 'node:path';
import { readSafetensorsHeader, type SafetensorsHeader } from '../../../src/checkpoint/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { changeBytes, join as joinBytes, textBytes } from '../kit/change-bytes.ts';
import { changeTree, printTree, type Tree, treeOf } from '../kit/json-tree.ts';
import { judgeSafetensors, type StoredTensor } from '../kit/judge-safetensors.ts';
import { chance, oddJson, oddName, pick, plainName, words } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

const BYTES = { F64: 8, I64: 8, F32: 4, I32: 4, BF16: 2, F16: 2, U16: 2, I8: 1, U8: 1, BOOL: 1, F8_E4M3: 1 };
const FILE = 'model.safetensors';

export const safetensors = defineTarget<SafetensorsHeader>({
  name: 'safetensors',
  weight: 200,
  read: (folder) => readSafetensorsHeader(join(folder, FILE)),
  make: makeSafetensors,
});

function makeSafetensors(rng: Rng): FuzzCase<SafetensorsHeader> {
  const changes: string[] = [];
  const { header, dataLength } = makeHeader(rng);
  const tree = treeOf(header);
  if (chance(rng, 0.5)) changes.push(changeHeader(tree, rng));
  if (changes.length > 0 && chance(rng, 0.2)) changes.push(changeHeader(tree, rng));
  let bytes = assemble(decorate(printTree(tree), rng, changes), dataLength, rng, changes);
  if (chance(rng, 0.25)) {
    const other = makeHeader(rng);
    const change = changeBytes(bytes, rng, () => whole(JSON.stringify(other.header), other.dataLength));
    changes.push(change.what);
    bytes = change.bytes;
  }
  const judged = judgeSafetensors(bytes);
  return {
    files: { [FILE]: bytes },
    verdict: judged.verdict,
    changes: [...changes, judged.why],
    check: (read) => (judged.tensors === undefined ? undefined : compare(read, judged.tensors)),
  };
}

function makeHeader(rng: Rng) {
  const header: Record<string, unknown> = {};
  if (chance(rng, 0.5)) {
    const metadata = Array.from({ length: rng.integer(4) }, () => [oddName(rng), words(rng)]);
    // By entries: assigning to `__proto__` would set nothing.
    header.__metadata__ = Object.fromEntries(metadata);
  }
  let end = 0;
  const entries: [string, unknown][] = [];
  for (let i = rng.integer(7); i > 0; i--) {
    const dtype = pick(rng, Object.keys(BYTES) as (keyof typeof BYTES)[]);
    const shape = Array.from({ length: rng.integer(4) }, () => rng.integer(6));
    const length = shape.reduce((product, extent) => product * extent, BYTES[dtype]);
    const name = chance(rng, 0.1) ? oddName(rng) : `${plainName(rng)}.${i}`;
    if (name === '__metadata__' || entries.some(([known]) => known === name)) continue;
    entries.push([name, { dtype, shape, data_offsets: [end, end + length] }]);
    end += length;
  }
  // The format does not ask for the order of the data.
  if (chance(rng, 0.3)) entries.reverse();
  return { header: Object.fromEntries([...Object.entries(header), ...entries]), dataLength: end };
}

/** Changes that know the format, and those of any JSON. */
function changeHeader(tree: Tree, rng: Rng): string {
  if (tree.kind !== 'object' || tree.entries.length === 0 || chance(rng, 0.4)) {
    const { what, path } = changeTree(tree, rng);
    return `${what} ${path}`;
  }
  const [name, entry] = pick(rng, tree.entries);
  const fields = entry.kind === 'object' ? entry.entries : [];
  const field = (wanted: string) => fields.find(([one]) => one === wanted);
  const number = (place: string, change: (value: number) => number) => {
    const list = field(place)?.[1];
    if (list?.kind !== 'array' || list.items.length === 0) return 'nothing';
    const index = rng.integer(list.items.length);
    const item = list.items[index]!;
    if (item.kind === 'leaf') list.items[index] = { kind: 'leaf', text: String(change(Number(item.text))) };
    return `${place} of ${name}`;
  };
  switch (rng.integer(6)) {
    case 0:
      return number('data_offsets', (value) => value + pick(rng, [-1, 1, 4, 2 ** 32, 2 ** 53]));
    case 1:
      return number('shape', (value) =>
        pick(rng, [value + 1, value * 2, 0, 2 ** 31, 2 ** 32, 2 ** 53, -value, 0.5]),
      );
    case 2: {
      const dtype = field('dtype');
      const odd = pick(rng, ['F16', 'F4', 'Q8_0', 'f32', 'constructor', '__proto__', 'F32 ']);
      if (dtype !== undefined) dtype[1] = { kind: 'leaf', text: JSON.stringify(odd) };
      return `dtype of ${name}`;
    }
    case 3:
      tree.entries.push([name, entry]);
      return `${name} twice`;
    case 4: {
      const list = field('shape')?.[1];
      if (list?.kind === 'array')
        list.items.push({ kind: 'leaf', text: pick(rng, ['1', '1', '2', '0', '1.0', '1e0']) });
      return `more shape of ${name}`;
    }
    default:
      fields.push([
        pick(rng, ['dtype', 'shape', 'data_offsets', 'extra']),
        { kind: 'leaf', text: oddJson(rng) },
      ]);
      return `a field more in ${name}`;
  }
}

/** What may and may not stand around the header. */
function decorate(text: string, rng: Rng, changes: string[]): Uint8Array {
  if (!chance(rng, 0.15)) return textBytes(text);
  const [before, after] = pick(rng, [
    ['', '     '],
    ['', '\n'],
    ['', '\u0000'],
    [' ', ''],
    ['\ufeff', ''],
    ['', 'x'],
    ['', '{}'],
    ['\n', ''],
  ] as const);
  changes.push(`header between ${JSON.stringify(before)} and ${JSON.stringify(after)}`);
  return textBytes(before + text + after);
}

function assemble(header: Uint8Array, dataLength: number, rng: Rng, changes: string[]): Uint8Array {
  if (!chance(rng, 0.15)) return whole(header, dataLength);
  const size = BigInt(header.length);
  const [length, data] = pick(rng, [
    [size + 1n, dataLength],
    [size - 1n, dataLength],
    [0n, dataLength],
    [100_000_000n, dataLength],
    [100_000_001n, dataLength],
    [2n ** 32n + size, dataLength],
    [2n ** 63n, dataLength],
    [2n ** 64n - 1n, dataLength],
    [size, dataLength + 1],
    [size, Math.max(0, dataLength - 1)],
    [size, 0],
  ] as const);
  changes.push(`header length ${length}, ${data} bytes of data`);
  return whole(header, data, length);
}

function whole(header: string | Uint8Array, dataLength: number, length?: bigint): Uint8Array {
  const text = typeof header === 'string' ? textBytes(header) : header;
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(text.length));
  return joinBytes(start, text, new Uint8Array(dataLength));
}

function compare({ tensors }: SafetensorsHeader, expected: readonly StoredTensor[]): string | undefined {
  if (tensors.size !== expected.length) return `${tensors.size} tensors were read of ${expected.length}`;
  const wrong = expected.find(({ name, dtype, shape, offset, length }) => {
    const got = tensors.get(name);
    return (
      got === undefined ||
      got.dtype !== dtype ||
      got.shape.join() !== shape.join() ||
      got.offset !== offset ||
      got.length !== length
    );
  });
  return wrong === undefined ? undefined : `tensor ${JSON.stringify(wrong.name)} was read otherwise`;
}
