/** Orders of a weight's rows in GGUF that are not Hugging Face's. */

/**
 * `rotary-pairs` (convert_hf_to_gguf.py, `LlamaModel.permute`): within a head of `perHead` rows, stored row 2j + s is row
 * s·perHead/2 + j (s = 0, 1).
 * `fused-heads` (`GPTNeoXModel.modify_tensors`): rows of a fused projection stand by part, head and place, where Hugging
 * Face has them by head, part and place; parts are queries, keys and values.
 */
export type RowOrder =
  | { readonly kind: 'rotary-pairs'; readonly perHead: number }
  | { readonly kind: 'fused-heads'; readonly heads: number };

/** Rows that have to be moved together: a whole number of these is a piece. */
export const rowsTogether = (order: RowOrder | undefined, rows: number): number =>
  order === undefined ? 1 : order.kind === 'rotary-pairs' ? order.perHead : rows;

/** A weight in Hugging Face's order, from the stored one. */
export function plainRows(values: Float32Array, order: RowOrder, columns: number): Float32Array {
  return moveRows(values, columns, order, (stored, plain) => [stored, plain]);
}

/** Undoes {@link plainRows}. */
export function storedRows(values: Float32Array, order: RowOrder, columns: number): Float32Array {
  return moveRows(values, columns, order, (stored, plain) => [plain, stored]);
}

function moveRows(
  values: Float32Array,
  columns: number,
  order: RowOrder,
  move: (stored: number, plain: number) => readonly [from: number, to: number],
): Float32Array {
  const result = new Float32Array(values.length);
  const rows = values.length / columns;
  for (let row = 0; row < rows; row++) {
    const [from, to] = move(row, plainRow(row, order, rows));
    result.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  }
  return result;
}

function plainRow(stored: number, order: RowOrder, rows: number): number {
  if (order.kind === 'rotary-pairs') {
    const inHead = stored % order.perHead;
    return stored - inHead + (inHead % 2) * (order.perHead / 2) + Math.floor(inHead / 2);
  }
  const headSize = rows / (3 * order.heads);
  const [part, inPart] = [Math.floor(stored / (order.heads * headSize)), stored % (order.heads * headSize)];
  return (Math.floor(inPart / headSize) * 3 + part) * headSize + (inPart % headSize);
}
