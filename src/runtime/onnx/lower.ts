/** Emissions in the words of the WebGPU provider: what it has no kernel for would run on the CPU, copied both ways. */
import type { Emission, Value } from '../../graph/index.ts';
import { float32, int64 } from '../../numeric/index.ts';

export function lowerForWebGpu(emission: Emission): readonly Emission[] {
  switch (emission.type) {
    case 'FusedMatMul':
    case 'Gemm':
      return [lowerProduct(emission)];
    case 'SimplifiedLayerNormalization':
      return [emission, inverseRootMeanSquare(emission)];
    default:
      return [emission];
  }
}

/** alpha · op(a) op(b) as Transpose, MatMul and Mul. */
function lowerProduct({ inputs, attributes }: Emission): Emission {
  const { transA, transB, alpha } = attributes as {
    readonly transA: number;
    readonly transB: number;
    readonly alpha: { readonly float: number };
  };
  const [a, b] = inputs as readonly [Value, Value];
  const product: Emission = {
    type: 'MatMul',
    inputs: [transA ? transposed(a) : a, transB ? transposed(b) : b],
  };
  return alpha.float === 1 ? product : { type: 'Mul', inputs: [product, float32([], [alpha.float])] };
}

/** The second result of the op, which the provider leaves wrong: (mean x² + ε)^(−½) over the last axis. */
function inverseRootMeanSquare({ inputs, attributes }: Emission): Emission {
  const x = inputs[0] as Value;
  const { epsilon } = attributes as { readonly epsilon: { readonly float: number } };
  const mean: Emission = {
    type: 'ReduceMean',
    inputs: [{ type: 'Mul', inputs: [x, x] }, int64([1], [x.shape.length - 1])],
    attributes: { keepdims: 1 },
  };
  const root: Emission = {
    type: 'Sqrt',
    inputs: [{ type: 'Add', inputs: [mean, float32([], [epsilon.float])] }],
  };
  return { type: 'Reciprocal', inputs: [root] };
}

/** With the last two axes exchanged. */
function transposed(x: Value): Emission {
  const axes = [...x.shape.keys()];
  return {
    type: 'Transpose',
    inputs: [x],
    attributes: { perm: [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!] },
  };
}
