/** Weights as float32 in memory, whole or piece by piece. */
import { UserError } from '../errors/index.ts';
import { readExactly, withFile } from '../files/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decode } from './dequantize.ts';
import { assertFinite } from './finite.ts';
import { plainRows, rowsTogether } from './row-order.ts';
import { rowsAndColumns, storedTypeOf, type WeightSource } from './weight-source.ts';

/** Elements that are decoded at a time: bounds memory, long enough for full speed. */
const PIECE_ELEMENTS = 2 ** 22;

/** The source of a weight; throws {@link UserError} `weight-missing` when the checkpoint lacks it. */
export function findWeight(checkpoint: Pick<Checkpoint, 'path' | 'weights'>, name: string): WeightSource {
  const source = checkpoint.weights.get(name);
  if (source !== undefined) return source;
  const names = [...checkpoint.weights.keys()];
  const last = name.split('.').slice(-2).join('.');
  const alike = names.filter((known) => known.endsWith(last));
  throw new UserError('weight-missing', {
    what: `${checkpoint.path} has no weight ${name}.`,
    got: `${names.length} weights, such as ${(alike.length > 0 ? alike : names).slice(0, 3).join(', ')}`,
    fix: 'check that config.json belongs to these weights',
  });
}

/**
 * A weight as float32, row-major, in Hugging Face order.
 * Throws `UserError` `weight-missing`, `weight-type-unsupported`, `weights-not-finite`, `file-truncated`.
 */
export function readWeight(checkpoint: Pick<Checkpoint, 'path' | 'weights'>, name: string): Float32Array {
  return readSource(findWeight(checkpoint, name));
}

/** As {@link readWeight}. */
export function readSource(source: WeightSource): Float32Array {
  const pieces = [...decodedPieces(source)];
  if (pieces.length === 1) return pieces[0]!;
  const whole = new Float32Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** ‖a − b‖ and ‖b‖ of two weights of one shape, piece by piece. Throws as {@link readWeight}. */
export function differenceNorm(a: WeightSource, b: WeightSource): { difference: number; norm: number } {
  let [difference, norm] = [0, 0];
  const others = decodedPieces(b);
  for (const piece of decodedPieces(a)) {
    const other = others.next().value!;
    for (let i = 0; i < piece.length; i++) {
      difference += (piece[i]! - other[i]!) ** 2;
      norm += other[i]! ** 2;
    }
  }
  return { difference: Math.sqrt(difference), norm: Math.sqrt(norm) };
}

/** Decodes a weight in pieces of a few million elements, in Hugging Face order, checked to be finite. */
export function* decodedPieces(source: WeightSource): Generator<Float32Array> {
  const type = storedTypeOf(source.name, source.dtype, source.path);
  const { rows, columns } = rowsAndColumns(source);
  const { rowOrder, plusOne = false } = source;
  // A piece is a whole number of rows that stay together, hence of blocks: no block crosses a row.
  const unit = rowsTogether(rowOrder, rows) * columns;
  const pieceElements = Math.max(1, Math.floor(PIECE_ELEMENTS / unit)) * unit;
  const elements = rows * columns;
  for (let first = 0; first < elements; first += pieceElements) {
    const count = Math.min(pieceElements, elements - first);
    const offset = source.offset + (first / type.elements) * type.bytes;
    const length = (count / type.elements) * type.bytes;
    const bytes = withFile(source.path, (file) => readExactly(file, source.path, offset, length));
    const values = decode(source, bytes);
    assertFinite(source.name, values, first);
    if (plusOne) for (let i = 0; i < values.length; i++) values[i]! -= 1;
    yield rowOrder === undefined ? values : plainRows(values, rowOrder, columns);
  }
}
