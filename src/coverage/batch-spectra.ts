/** Singular values of the whole gradients of single batches, from small matrices that a measuring pass puts out. */
import { cast, type Graph, matmul, slice, type Value } from '../graph/index.ts';
import { type Matrix, type MatrixProduct, matrix, symmetricValues, type Tensor } from '../numeric/index.ts';
import type { LayerSides } from './collect.ts';

type Part = 'rows of x' | 'rows of dy' | 'gradient';

const outputName = (layer: string, part: Part, lane: number): string => `${layer}|${part}|${lane}`;

/** Whether a batch's gradient xᵀdy, of x [rows, m] and dy [rows, n], has fewer directions than its shorter side. */
const isTall = (rows: number, m: number, n: number): boolean => rows < Math.min(m, n);

/**
 * Adds what {@link readSpectra} needs, in float64: for a batch of fewer rows than either side of the layer x xᵀ and
 * dy dyᵀ, both [rows, rows], and otherwise the Gram matrix of the gradient's shorter side.
 *
 * @returns by layer, what is made of x alone.
 */
export function collectSpectra(
  graph: Graph,
  layers: readonly LayerSides[],
  lanes: number,
): ReadonlyMap<string, readonly Value[]> {
  const owners = inputOwners(layers);
  const ofInputs = new Map<string, Value[]>();
  for (const { name, x, dy } of layers) {
    const ofInput: Value[] = [];
    ofInputs.set(name, ofInput);
    for (let lane = 0; lane < lanes; lane++) {
      const part = (value: Value) => {
        const rows = value.shape[0]! / lanes;
        return lanes === 1 ? value : slice(value, 0, lane * rows, (lane + 1) * rows);
      };
      const [a, b] = [part(x), part(dy)];
      const [rows, m, n] = [a.shape[0]!, a.shape[1]!, b.shape[1]!];
      const gram = (value: Value, transposed: boolean) => {
        const wide = cast(value, 'float64');
        return matmul(wide, wide, transposed ? { transposeA: true } : { transposeB: true });
      };
      if (!isTall(rows, m, n)) {
        graph.output(outputName(name, 'gradient', lane), gram(matmul(a, b, { transposeA: true }), m > n));
        continue;
      }
      graph.output(outputName(name, 'rows of dy', lane), gram(b, false));
      if (owners.get(name) !== name) continue;
      const inputs = gram(a, false);
      ofInput.push(inputs);
      graph.output(outputName(name, 'rows of x', lane), inputs);
    }
  }
  return ofInputs;
}

/** Whose gradient it is, as a symmetric matrix whose eigenvalues are the squares of its singular values. */
interface Squared {
  readonly layer: string;
  readonly matrix: () => Promise<Matrix>;
  /** min(m, n) of the layer. */
  readonly shorter: number;
}

/**
 * Reads the singular values of single batches' gradients out of passes, min(m, n) of each, descending. They are found
 * while the engine is at its next passes, which do not wait for that.
 */
export class SpectraReader {
  private readonly spectra: ReadonlyMap<string, Float64Array[]>;
  private readonly product: MatrixProduct;
  private readonly wanted: number;
  private batches = 0;
  private solving: Promise<void> = Promise.resolve();

  /**
   * @param spectra layer → spectra, which are added to.
   * @param wanted batches that spectra are wanted of.
   */
  constructor(spectra: ReadonlyMap<string, Float64Array[]>, wanted: number, product: MatrixProduct) {
    this.spectra = spectra;
    this.wanted = wanted;
    this.product = product;
  }

  /** Takes what {@link collectSpectra} put out in a pass, which is removed from `outputs`. */
  read(outputs: Record<string, Tensor>, layers: readonly LayerSides[], lanes: number): void {
    const wanted = Math.min(lanes, this.wanted - this.batches);
    const all = squaredGradients(outputs, layers, { lanes, wanted, product: this.product });
    this.batches += lanes;
    const solved = this.solving.then(() => this.solve(all));
    // A failure is told by `end`.
    solved.catch(() => {});
    this.solving = solved;
  }

  /** Waits for all of them. */
  async end(): Promise<void> {
    await this.solving;
  }

  private async solve(all: readonly Squared[]): Promise<void> {
    const asked: { squared: Promise<Matrix>; of: Squared }[] = [];
    for (const of of all) {
      // Between two of them the next pass can be asked for.
      await new Promise(setImmediate);
      const squared = of.matrix();
      squared.catch(() => {});
      asked.push({ squared, of });
    }
    for (const { squared, of } of asked) {
      await new Promise(setImmediate);
      this.spectra.get(of.layer)!.push(rootsOf(symmetricValues(await squared), of.shorter));
    }
  }
}

/** Of every layer and wanted lane, in order. */
function squaredGradients(
  outputs: Record<string, Tensor>,
  layers: readonly LayerSides[],
  { lanes, wanted, product }: { lanes: number; wanted: number; product: MatrixProduct },
): Squared[] {
  const owners = inputOwners(layers);
  const roots = new Map<string, Matrix>();
  const all: Squared[] = [];
  const inputs = new Map<string, Matrix | undefined>();
  const take = (layer: string, part: Part, lane: number): Matrix | undefined => {
    const name = outputName(layer, part, lane);
    const output = outputs[name];
    delete outputs[name];
    return output && matrix(output.shape[0]!, output.shape[1]!, output.data as Float64Array);
  };
  for (const { name: layer, x, dy } of layers) {
    const shorter = Math.min(x.shape[1]!, dy.shape[1]!);
    for (let lane = 0; lane < lanes; lane++) {
      const whole = take(layer, 'gradient', lane);
      const [key, rows] = [`${owners.get(layer)}|${lane}`, take(layer, 'rows of dy', lane)];
      if (owners.get(layer) === layer) inputs.set(key, take(layer, 'rows of x', lane));
      if (lane >= wanted) continue;
      if (whole !== undefined) {
        all.push({ layer, matrix: async () => whole, shorter });
        continue;
      }
      const squared = async () => {
        // With x xᵀ = L Lᵀ, the squares are the eigenvalues of dy dyᵀ x xᵀ, and so of Lᵀ dy dyᵀ L.
        const root = roots.get(key) ?? semidefiniteRoot(inputs.get(key)!);
        roots.set(key, root);
        inputs.delete(key);
        return product(root, await product(rows!, root), { transposeA: true });
      };
      all.push({ layer, matrix: squared, shorter });
    }
  }
  return all;
}

/** The first layer of those that share an input, by layer. */
function inputOwners(layers: readonly LayerSides[]): ReadonlyMap<string, string> {
  const first = new Map<Value, string>();
  return new Map(
    layers.map(({ name, x, dy }) => {
      const tall = isTall(x.shape[0]!, x.shape[1]!, dy.shape[1]!);
      if (!tall) return [name, name];
      if (!first.has(x)) first.set(x, name);
      return [name, first.get(x)!];
    }),
  );
}

/** Roots of squared singular values, with zeros up to `count`. */
function rootsOf(squares: Float64Array, count: number): Float64Array {
  const values = new Float64Array(count);
  squares.subarray(0, count).forEach((square, i) => {
    values[i] = Math.sqrt(Math.max(0, square));
  });
  return values;
}

/** Share of the largest diagonal entry below which a pivot is rounding. */
const NEGLIGIBLE = 1e-13;

/**
 * Lower triangular L with L Lᵀ = a for a matrix without negative eigenvalues, whatever its rank. A pivot that is zero
 * but for rounding has a column of zeros below it.
 */
function semidefiniteRoot(a: Matrix): Matrix {
  const n = a.rows;
  const lower = matrix(n, n);
  const { data } = lower;
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, a.data[i * n + i]!);
  for (let j = 0; j < n; j++) {
    let pivot = a.data[j * n + j]!;
    for (let k = 0; k < j; k++) pivot -= data[j * n + k]! ** 2;
    if (!(pivot > NEGLIGIBLE * largest)) continue;
    const root = Math.sqrt(pivot);
    data[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a.data[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= data[i * n + k]! * data[j * n + k]!;
      data[i * n + j] = sum / root;
    }
  }
  return lower;
}
