/** The oracle: every op by plain loops in float64. Slow, and right by inspection. */
import { closeSync, openSync, readSync } from 'node:fs';
import { invariant } from '../../errors/index.ts';
import {
  type ExternalData,
  type Graph,
  type Op,
  ops,
  type Value,
  type ValueType,
} from '../../graph/index.ts';
import { type DType, sizeOf, type Tensor, type TensorData, tensor, zeros } from '../../numeric/index.ts';
import type { Engine, Program, Resident } from '../engine.ts';
import { held } from '../held.ts';
import type { NumberArray } from './array.ts';
import { type Kernel, kernels } from './kernels.ts';

/**
 * An engine that computes everything in float64. Inputs declared float32 may be fed as float64, and float
 * results come back as float64.
 */
export function createReferenceEngine(): Engine {
  return {
    name: 'reference-float64',
    load: async (graph) => programOf(graph),
    keep: async (value) => new ReferenceResident(value),
    matmul: async (a, b, { transposeA = false, transposeB = false } = {}) => {
      const type = (rows: number, cols: number): ValueType => ({ dtype: 'float64', shape: [rows, cols] });
      const attributes = { transposeA, transposeB, alpha: 1 };
      const [{ shape }] = ops.MatMul.infer([type(a.rows, a.cols), type(b.rows, b.cols)], attributes) as [
        ValueType,
      ];
      const inputs = [a, b].map(({ rows, cols, data }) => ({ shape: [rows, cols], data }));
      const [product] = kernels.MatMul(inputs, [shape], attributes);
      return { rows: shape[0]!, cols: shape[1]!, data: product!.data };
    },
    close: async () => {},
  };
}

function programOf(graph: Graph): Program {
  const nodes = graph.liveNodes();
  const names = new Map<Op, keyof typeof ops>(
    Object.entries(ops).map(([name, op]) => [op as Op, name as keyof typeof ops]),
  );
  const loaded = new Map<Value, NumberArray>();
  const known = (value: Value): NumberArray => {
    const before = loaded.get(value);
    if (before !== undefined) return before;
    const { source } = value;
    invariant(
      source.kind === 'constant' || source.kind === 'external',
      `value ${value.id} is used before it is made`,
    );
    const tensor = source.kind === 'constant' ? source.tensor : readExternal(value, source.data);
    const array = widen(tensor);
    loaded.set(value, array);
    return array;
  };
  const run: Program['run'] = async (inputs, into = {}) => {
    for (const name of Object.keys(inputs))
      invariant(graph.inputs.has(name), `no graph input is named ${name}`);
    for (const name of Object.keys(into))
      invariant(graph.outputs.has(name), `no graph output is named ${name}`);
    const values = new Map<Value, NumberArray>();
    for (const [name, value] of graph.inputs) values.set(value, feed(name, value, contents(inputs[name])));
    const get = (value: Value) => values.get(value) ?? known(value);
    for (const { op, inputs: operands, outputs, attributes } of nodes) {
      const name = names.get(op);
      invariant(name !== undefined, `${op.name} is not in the table of ops`);
      const results = (kernels[name] as Kernel<unknown>)(
        operands.map(get),
        outputs.map(({ shape }) => shape),
        attributes,
      );
      outputs.forEach((output, index) => {
        values.set(output, results[index]!);
      });
    }
    const results = [...graph.outputs].map(([name, value]) => [name, narrow(value, get(value))] as const);
    for (const [name, result] of results) if (name in into) write(into[name]!, result);
    return Object.fromEntries(results.filter(([name]) => !(name in into)));
  };
  return held({ run }, async () => loaded.clear());
}

class ReferenceResident implements Resident {
  readonly dtype: DType;
  readonly shape: readonly number[];
  held: Tensor;

  constructor(value: ValueType | Tensor) {
    this.dtype = value.dtype;
    this.shape = value.shape;
    this.held = 'data' in value ? value : narrow(value, widen(blank(value)));
  }

  async read(): Promise<Tensor> {
    return { ...this.held, data: this.held.data.slice() };
  }

  async release(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}

const blank = ({ dtype, shape }: ValueType): Tensor => tensor(dtype, shape, zeros(dtype, sizeOf(shape)));

function contents(value: Tensor | Resident | undefined): Tensor | undefined {
  if (value === undefined || 'data' in value) return value;
  invariant(value instanceof ReferenceResident, 'a resident belongs to another engine');
  return value.held;
}

function write(resident: Resident, result: Tensor): void {
  invariant(resident instanceof ReferenceResident, 'a resident belongs to another engine');
  invariant(
    resident.shape.join() === result.shape.join(),
    `a resident [${resident.shape}] for an output [${result.shape}]`,
  );
  resident.held = result;
}

function feed(name: string, { dtype, shape }: Value, fed: Tensor | undefined): NumberArray {
  invariant(fed !== undefined, `graph input ${name} is not fed`);
  const widened = dtype === 'float32' && fed.dtype === 'float64';
  invariant(
    (fed.dtype === dtype || widened) && fed.shape.join() === shape.join(),
    `graph input ${name} wants ${dtype} [${shape}], got ${fed.dtype} [${fed.shape}]`,
  );
  return widen(fed);
}

const widen = ({ shape, data }: Tensor): NumberArray => ({
  shape,
  data:
    data instanceof Float64Array
      ? data
      : Float64Array.from<number | bigint>(data as Iterable<number>, Number),
});

/** A result in its declared type; floats stay float64. */
function narrow({ dtype }: ValueType, { shape, data }: NumberArray): Tensor {
  if (dtype === 'float32' || dtype === 'float64') return tensor('float64', shape, Float64Array.from(data));
  const integers = {
    int32: () => Int32Array.from(data),
    int64: () => BigInt64Array.from(Array.from(data, BigInt)),
    int8: () => Int8Array.from(data),
    uint8: () => Uint8Array.from(data),
    bool: () => Uint8Array.from(data),
  };
  return tensor(dtype, shape, integers[dtype]());
}

/** Little-endian bytes of a file as a tensor; read into a fresh buffer, so any offset is aligned. */
function readExternal({ dtype, shape }: ValueType, { path, offset, length }: ExternalData): Tensor {
  const bytes = new Uint8Array(length);
  const file = openSync(path, 'r');
  try {
    const read = readSync(file, bytes, 0, length, offset);
    invariant(read === length, `${path} has ${read} of ${length} bytes at offset ${offset}`);
  } finally {
    closeSync(file);
  }
  return tensor(dtype, shape, viewOf(dtype, bytes.buffer));
}

function viewOf(dtype: DType, buffer: ArrayBuffer): TensorData {
  const views = {
    float32: () => new Float32Array(buffer),
    float64: () => new Float64Array(buffer),
    int32: () => new Int32Array(buffer),
    int64: () => new BigInt64Array(buffer),
    int8: () => new Int8Array(buffer),
    uint8: () => new Uint8Array(buffer),
    bool: () => new Uint8Array(buffer),
  };
  return views[dtype]();
}
