/** Rows by index, and their adjoint. */
import { invariant } from '../../errors/index.ts';
import type { Value, ValueType } from '../graph.ts';
import { defineOp } from '../op.ts';
import { reshape, zeros } from './shape.ts';

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
 * y = base, with updates[i…, :] added to row indices[i…, 0]; an index may occur many times.
 * dbase = dy, dupdates = the rows of dy at the indices.
 */
export const ScatterAdd = defineOp({
  name: 'ScatterAdd',
  infer(inputs) {
    const [base, indices, updates] = inputs as [ValueType, ValueType, ValueType];
    const expected = [...indices.shape.slice(0, -1), ...base.shape.slice(1)];
    invariant(indices.dtype === 'int64', `ScatterAdd with ${indices.dtype} indices`);
    invariant(
      indices.shape.at(-1) === 1 && expected.join() === updates.shape.join(),
      `ScatterAdd of [${updates.shape}] at [${indices.shape}] into [${base.shape}]`,
    );
    return [base];
  },
  gradient: ({ inputs: [, indices], outputGradients: [dy], needs }) => [
    dy,
    undefined,
    needs[2] ? gather(dy!, reshape(indices!, indices!.shape.slice(0, -1))) : undefined,
  ],
  emit: (node) => ({ type: 'ScatterND', inputs: node.inputs, attributes: { reduction: 'add' } }),
});

/** Zeros [rows, …width] with updates [i…, …width] added at the rows that int64 indices [i…] name. */
export const scatterAdd = (shape: readonly number[], indices: Value, updates: Value): Value =>
  updates.graph.apply(
    ScatterAdd,
    [zeros(updates.graph, shape), reshape(indices, [...indices.shape, 1]), updates],
    {},
  )[0]!;
