/** Rows by index, and their adjoint. */
import { invariant } from '../../errors/index.ts';
import { sizeOf } from '../../numeric/index.ts';
import type { Value, ValueType } from '../graph.ts';
import { defineOp } from '../op.ts';
import { expand, reshape, slice, zeros } from './shape.ts';

/** y[i…, :] = table[indices[i…], :]: dtable = the rows of dy added up at their indices. */
export const Gather = defineOp({
  name: 'Gather',
  infer(inputs) {
    const [table, indices] = inputs as [ValueType, ValueType];
    invariant(indices.dtype === 'int64', `Gather with ${indices.dtype} indices`);
    invariant(table.shape.length >= 1, 'Gather from a scalar');
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  gradient: ({ inputs: [table, indices], outputGradients: [dy], needs }) => [
    needs[0] ? scatterAdd(table!.shape, indices!, dy!) : undefined,
    undefined,
  ],
  emit: (node) => ({ type: 'Gather', inputs: node.inputs, attributes: { axis: 0 } }),
});

/** Rows of a table [rows, …width] at int64 indices [i…]: [i…, …width]. */
export const gather = (table: Value, indices: Value): Value =>
  table.graph.apply(Gather, [table, indices], {})[0]!;

/**
 * y = base, with updates[i, …] added to row indices[i, …] of the same column; indices [i, …] are alike along a row,
 * and a row may occur many times. dbase = dy, dupdates = the rows of dy at the indices.
 *
 * Emitted as ScatterElements: ScatterND, which takes a row at a time, loses additions when two threads meet at one
 * row (github.com/microsoft/onnxruntime/issues/23396).
 */
export const ScatterAdd = defineOp({
  name: 'ScatterAdd',
  infer(inputs) {
    const [base, indices, updates] = inputs as [ValueType, ValueType, ValueType];
    invariant(indices.dtype === 'int64', `ScatterAdd with ${indices.dtype} indices`);
    invariant(
      indices.shape.join() === updates.shape.join() &&
        updates.shape.slice(1).join() === base.shape.slice(1).join(),
      `ScatterAdd of [${updates.shape}] at [${indices.shape}] into [${base.shape}]`,
    );
    return [base];
  },
  gradient: ({ inputs: [, indices], outputGradients: [dy], needs }) => [
    dy,
    undefined,
    needs[2] ? gather(dy!, firstColumn(indices!)) : undefined,
  ],
  emit: (node) => ({
    type: 'ScatterElements',
    inputs: node.inputs,
    attributes: { axis: 0, reduction: 'add' },
  }),
});

/** Zeros [rows, …width] with updates [i…, …width] added at the rows that int64 indices [i…] name. */
export function scatterAdd(shape: readonly number[], indices: Value, updates: Value): Value {
  const width = shape.slice(1);
  const count = sizeOf(indices.shape);
  const rows = expand(reshape(indices, [count, ...width.map(() => 1)]), [count, ...width]);
  const flat = reshape(updates, [count, ...width]);
  return updates.graph.apply(ScatterAdd, [zeros(updates.graph, shape), rows, flat], {})[0]!;
}

/** The row numbers of indices [i, …] that are alike along every row: [i]. */
function firstColumn(indices: Value): Value {
  const first = indices.shape.slice(1).reduce((x, _, axis) => slice(x, axis + 1, 0, 1), indices);
  return reshape(first, [indices.shape[0]!]);
}
