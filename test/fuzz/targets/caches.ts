/** Files of the cache: whatever stands in them, the right numbers come out. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Cache,
  type Checkpoint,
  materialize,
  openCheckpoint,
  writeSafetensors,
} from '../../../src/checkpoint/index.ts';
import { topSingularVectors } from '../../../src/coverage/svd-cache.ts';
import type { FileRange } from '../../../src/files/index.ts';
import { KERNELS } from '../../../src/models/int8/choose.ts';
import { packedRanges, packWeights } from '../../../src/models/int8/pack.ts';
import { createRng, fromFloat32, type Rng, svd } from '../../../src/numeric/index.ts';
import { changeBytes } from '../kit/change-bytes.ts';
import { chance, pick } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

const SHAPE = [6, 10] as const;
const LAYER = {
  name: 'w',
  role: 'up',
  inFeatures: 10,
  outFeatures: 6,
  stored: 'out-in',
  bias: false,
} as const;

interface Shared {
  readonly checkpoint: Checkpoint;
  /** The files of a sound cache, by path in it. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly numbers: string;
}
let shared: Shared | undefined;

export const caches = defineTarget<string>({
  name: 'caches',
  weight: 2,
  async prepare() {
    const folder = mkdtempSync(join(tmpdir(), 'rankscope-fuzz-cache-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const rng = createRng(7);
    const data = Uint16Array.from({ length: SHAPE[0] * SHAPE[1] }, () => 0x3f00 + rng.integer(0x100));
    writeFileSync(join(folder, 'config.json'), '{}');
    await writeSafetensors(join(folder, 'model.safetensors'), { w: { dtype: 'BF16', shape: SHAPE, data } });
    const checkpoint = await openCheckpoint(folder);
    const cache = join(folder, 'cache');
    const numbers = await readThrough(checkpoint, cache);
    const paths = readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.safetensors'),
    );
    shared = {
      checkpoint,
      numbers,
      files: new Map(paths.map((path) => [path, readFileSync(join(cache, path))])),
    };
  },
  make: makeCache,
  read: (folder) => readThrough(shared!.checkpoint, folder),
});

/** Everything that the cache keeps, as text. */
async function readThrough(checkpoint: Checkpoint, folder: string): Promise<string> {
  const cache = new Cache(folder, () => {});
  const decoded = await materialize(checkpoint, ['w'], cache);
  const packed = await Promise.all(
    Object.values(KERNELS).map((kernel) =>
      packWeights(kernel, checkpoint, [{ name: 'w', shape: SHAPE }], cache),
    ),
  );
  const values = floatsAt(decoded.get('w')!);
  const decompose = (rank: number) => svd(fromFloat32(SHAPE[0], SHAPE[1], values), { rank });
  const { u, v } = await topSingularVectors(LAYER, values, decompose, 3, cache);
  const ranges = packed.flatMap(packedRanges);
  return [values.join(), u.data.join(), v.data.join(), ...ranges.map((range) => bytesAt(range).join())].join(
    '\n',
  );
}

function makeCache(rng: Rng): FuzzCase<string> {
  const { files, numbers } = shared!;
  const [name, bytes] = pick(rng, [...files]);
  const other = pick(rng, [...files.values()]);
  const change = chance(rng, 0.1)
    ? { bytes: other, what: 'another file' }
    : { ...changeBytes(bytes, rng, () => other) };
  if (chance(rng, 0.2)) change.bytes = Uint8Array.from(change.bytes, (byte, at) => (at < 600 ? byte : 0));
  return {
    files: { ...Object.fromEntries(files), [name]: change.bytes },
    verdict: 'accept',
    changes: [`${change.what} in ${name.split('/')[0]}`],
    check: (read) => (read === numbers ? undefined : 'other numbers than without a cache'),
  };
}

function bytesAt({ path, offset, length }: FileRange): Uint8Array {
  return readFileSync(path).subarray(offset, offset + length);
}

const floatsAt = (range: FileRange) => new Float32Array(Uint8Array.from(bytesAt(range)).buffer);
