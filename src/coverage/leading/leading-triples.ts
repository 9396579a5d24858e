/**
 * The leading singular triples of a matrix that is in the engine, by products of float32: Chebyshev-filtered subspace
 * iteration (Zhou, Saad, Tiago & Chelikowsky, 2006) with a Rayleigh–Ritz step, stopped by its residuals.
 */
import { cast, type Graph, matmul, mul, reduceSum, slice, sub, type Value } from '../../graph/index.ts';
import {
  createRng,
  type DType,
  float32,
  identity,
  type Matrix,
  orientColumns,
  symmetricEigen,
  symmetricValues,
  type Tensor,
} from '../../numeric/index.ts';
import { type Engine, Owner, type Resident } from '../../runtime/index.ts';
import { asFloat32, asFloat64, newtonSchulz, orthonormalizing, overlapOf, toMatrix } from './blocks.ts';
import type { Programs } from './programs.ts';

/** Singular triples of a [m, n]: a ≈ u · diag(s) · vᵀ, each side within the engine's float32 of orthonormal. */
export interface LeadingTriples {
  /** [m, rank] */
  readonly u: Matrix;
  readonly s: Float64Array;
  /** [n, rank] */
  readonly v: Matrix;
}

/** Share of their energy that the leading 1, 2, … triples may miss together. */
const MISSING = 3e-5;
/** A round of filters is planned to leave this many times less, so that one more is seldom needed. */
const MARGIN = 10;
/** By how much a filter may stretch what is left of a direction beside another: float64 must still tell the other. */
const LARGEST_STRETCH = 1e6;
/** A direction is known to this at best. */
const ROUNDING = 1e-14;
const MAX_FILTERS = 4;
/** Singular values below this share of the first are left to the exact decomposition. */
const RESOLVED = 1e-4;
const MAX_DEGREE = 24;
const MAX_LOOKS = 12;
/** Before the first look at residuals, filters are planned by values alone so often, to leave this share. */
const GLANCES = 2;
const GLANCED = 1e-5;
/** Share of the largest value below which others are rounding. */
const NEGLIGIBLE = 1e-14;

/** Columns that are iterated for `rank` wanted ones: the more, the faster the last wanted one emerges. */
export const blockSize = (rank: number): number => 8 * Math.ceil((rank + Math.max(12, rank / 4)) / 8);

/** Whether the iteration beats a whole decomposition. */
export const isLeading = (rank: number, rows: number, cols: number): boolean =>
  Math.min(rows, cols) >= 2 * blockSize(rank);

export class LeadingTriplesSolver {
  private readonly engine: Engine;
  private readonly programs: Programs;
  private readonly starts = new Map<string, Promise<Resident>>();

  /** @param programs own what is kept from one matrix to the next. */
  constructor(engine: Engine, programs: Programs) {
    this.engine = engine;
    this.programs = programs;
  }

  /**
   * @returns undefined where the iteration does not get there: a matrix that is zero or has directions that float32
   *   cannot tell from rounding.
   */
  async find(a: Resident, rank: number): Promise<LeadingTriples | undefined> {
    const [m, n] = a.shape as [number, number];
    const [short, long] = m <= n ? [m, n] : [n, m];
    const columns = blockSize(rank);
    const key = `${m},${n},${columns}`;
    const norm = await this.norm(a);
    if (!(norm > 0 && norm < Number.POSITIVE_INFINITY)) return undefined;
    await using owner = new Owner();
    const keep = (dtype: DType, rows: number, width: number) =>
      this.programs.scratch({ dtype, shape: [rows, width] }, owner);
    const [gram, q, x, y, z, far] = await Promise.all([
      keep('float64', short, short),
      keep('float64', short, columns),
      keep('float32', short, columns),
      keep('float64', short, columns),
      keep('float32', long, columns),
      keep('float32', long, columns),
    ]);
    return await this.iterate({ a, gram, q, x, y, z, far }, norm, rank, columns, key);
  }

  private async iterate(
    { a, gram, q, x, y, z, far }: Record<'a' | 'gram' | 'q' | 'x' | 'y' | 'z' | 'far', Resident>,
    size: number,
    rank: number,
    columns: number,
    key: string,
  ): Promise<LeadingTriples | undefined> {
    const [m, n] = a.shape as [number, number];
    const [short] = gram.shape as [number, number];
    const unit = float32([1], [1 / size]);
    const [ritz, finish] = await Promise.all([
      this.programs.get(`ritz ${key}`, (graph) => buildRitz(graph, m, n, columns)),
      this.programs.get(`finish ${key}`, (graph) => buildFinish(graph, m, n, columns)),
    ]);
    const begin = await this.programs.get(`begin ${key}`, (graph) => buildBegin(graph, m, n, columns));
    const start = await this.start(short, columns);
    const unmixed = asFloat64(identity(columns));
    const { overlap: first } = await begin.run({ a, start, unit }, { gram, y });
    let mix = await orthonormalizing(first!);
    const sweep = async (degree: number, outside: number, mix: Tensor) => {
      const filter = await this.programs.get(`filter ${short},${columns},${degree}`, (graph) =>
        buildFilter(graph, short, columns, degree),
      );
      const slope: Tensor = { dtype: 'float64', shape: [1], data: Float64Array.of(2 / outside) };
      const { overlap } = await filter.run({ gram, y, mix, slope }, { filtered: q });
      [y, q] = [q, y];
      return orthonormalizing(overlap!);
    };
    for (let glance = 0; glance < GLANCES && mix !== undefined; glance++) {
      const peek = await this.programs.get(`peek ${short},${columns}`, (graph) =>
        buildPeek(graph, short, columns),
      );
      const values = symmetricValues(toMatrix((await peek.run({ gram, y, mix })).projected!));
      const bound = Math.max(belowCluster(values, rank), NEGLIGIBLE * values[0]!);
      const unknown = Array.from(values, (value) => ({
        value,
        position: (2 * value) / bound - 1,
        residual: 1,
        missing: 1,
      }));
      for (const degree of planFilters(unknown, rank, GLANCED)) {
        if (mix !== undefined) mix = await sweep(degree, bound, mix);
      }
    }
    for (let look = 0; look < MAX_LOOKS && mix !== undefined; look++) {
      const { energy } = await ritz.run({ a, y, mix, unit }, { turned: x, images: z });
      const turn = await symmetricEigen(toMatrix(energy!));
      const values = float32([1, columns], turn.values);
      const found = await finish.run(
        { a, turned: x, images: z, turn: asFloat32(turn.vectors), values, unit },
        { block: y, far },
      );
      const bound = boundOf(turn.values, rank, look);
      const estimates = estimate(turn.values, found.residuals!.data as Float32Array, bound);
      if (missingShare(estimates.slice(0, rank)) <= MISSING) {
        const s = turn.values.slice(0, rank).map(Math.sqrt);
        if (!(s.at(-1)! > RESOLVED * s[0]!)) return undefined;
        const scales: Tensor = { dtype: 'float64', shape: [1, rank], data: s.map((length) => 1 / length) };
        const extract = await this.programs.get(`extract ${key},${rank}`, (graph) =>
          buildExtract(graph, m, n, columns, rank),
        );
        const { near, far: away } = await extract.run({ block: y, images: far, scales });
        const sides = [toMatrix(near!), toMatrix(away!)] as const;
        const [u, v] = m <= n ? sides : [sides[1], sides[0]];
        orientColumns(u, v);
        return { u, s: s.map((length) => length * size), v };
      }
      mix = unmixed;
      for (const degree of planFilters(estimates, rank)) {
        if (mix !== undefined) mix = await sweep(degree, bound, mix);
      }
    }
    return undefined;
  }

  private async norm(a: Resident): Promise<number> {
    const program = await this.programs.get(`norm ${a.shape}`, (graph) => {
      const x = graph.input('a', 'float32', a.shape);
      graph.output('square', reduceSum(mul(x, x), [0, 1]));
    });
    const { square } = await program.run({ a });
    return Math.sqrt((square!.data as Float32Array)[0]!);
  }

  /** The random block that every iteration of a shape starts from. */
  private start(rows: number, columns: number): Promise<Resident> {
    const key = `${rows},${columns}`;
    const known = this.starts.get(key);
    if (known !== undefined) return known;
    const rng = createRng(0).fork(`start ${key}`);
    const block = float32(
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => rng.normal()),
    );
    const resident = this.programs.own(this.engine.keep(block));
    this.starts.set(key, resident);
    return resident;
  }
}

/** S = a aᵀ of the short side, scaled, and S · start. */
function buildBegin(graph: Graph, m: number, n: number, columns: number): void {
  const a = mul(graph.input('a', 'float32', [m, n]), graph.input('unit', 'float32', [1]));
  const gram = m <= n ? matmul(a, a, { transposeB: true }) : matmul(a, a, { transposeA: true });
  const y = matmul(gram, graph.input('start', 'float32', [Math.min(m, n), columns]));
  graph.output('gram', cast(gram, 'float64'));
  graph.output('y', cast(y, 'float64'));
  graph.output('overlap', overlapOf(y));
}

/** y · mix, the columns made orthonormal. */
const mixed = (graph: Graph, rows: number, columns: number): Value =>
  matmul(graph.input('y', 'float64', [rows, columns]), graph.input('mix', 'float64', [columns, columns]));

/** T_d(slope·S − I) y mix, with T_d the Chebyshev polynomial. */
function buildFilter(graph: Graph, rows: number, columns: number, degree: number): void {
  const gram = graph.input('gram', 'float64', [rows, rows]);
  const slope = graph.input('slope', 'float64', [1]);
  const two = graph.constant({ dtype: 'float64', shape: [1], data: Float64Array.of(2) });
  const y = mixed(graph, rows, columns);
  const apply = (x: Value) => sub(mul(matmul(gram, x), slope), x);
  let [before, current] = [y, apply(y)];
  for (let step = 1; step < degree; step++) {
    [before, current] = [current, sub(mul(apply(current), two), before)];
  }
  graph.output('filtered', current);
  graph.output('overlap', overlapOf(current));
}

/** What S is inside of the columns of y mix. */
function buildPeek(graph: Graph, rows: number, columns: number): void {
  const gram = graph.input('gram', 'float64', [rows, rows]);
  const y = mixed(graph, rows, columns);
  graph.output('projected', matmul(y, matmul(gram, y), { transposeA: true }));
}

function buildRitz(graph: Graph, m: number, n: number, columns: number): void {
  const a = graph.input('a', 'float32', [m, n]);
  const nearly = cast(mixed(graph, Math.min(m, n), columns), 'float32');
  const turned = newtonSchulz(nearly);
  const images = mul(matmul(a, turned, { transposeA: m <= n }), graph.input('unit', 'float32', [1]));
  graph.output('turned', turned);
  graph.output('images', images);
  graph.output('energy', overlapOf(images));
}

function buildFinish(graph: Graph, m: number, n: number, columns: number): void {
  const [short, long] = [Math.min(m, n), Math.max(m, n)];
  const a = graph.input('a', 'float32', [m, n]);
  const turn = graph.input('turn', 'float32', [columns, columns]);
  const near = matmul(graph.input('turned', 'float32', [short, columns]), turn);
  const far = matmul(graph.input('images', 'float32', [long, columns]), turn);
  const back = mul(matmul(a, far, { transposeA: m > n }), graph.input('unit', 'float32', [1]));
  const rest = sub(back, mul(near, graph.input('values', 'float32', [1, columns])));
  graph.output('block', cast(near, 'float64'));
  graph.output('far', far);
  graph.output('residuals', reduceSum(mul(rest, rest), [0]));
}

/** The leading columns of both sides, made orthonormal in float64 by Newton–Schulz steps. */
function buildExtract(graph: Graph, m: number, n: number, columns: number, rank: number): void {
  const near = leading(graph.input('block', 'float64', [Math.min(m, n), columns]), rank);
  const images = leading(graph.input('images', 'float32', [Math.max(m, n), columns]), rank);
  const far = mul(cast(images, 'float64'), graph.input('scales', 'float64', [1, rank]));
  graph.output('near', newtonSchulz(near));
  // Of images the small ones are known less well.
  graph.output('far', newtonSchulz(newtonSchulz(far)));
}

const leading = (x: Value, columns: number): Value => slice(x, 1, 0, columns);

/** What is known of a Ritz triple. */
interface Estimate {
  /** The squared singular value. */
  readonly value: number;
  /** T_1 of the filter at this value: above 1, where what is outside of the block is at most near 1. */
  readonly position: number;
  /** Length of its residual over `value`: about the sine of the angle to a singular vector, were all others 0. */
  readonly residual: number;
  /**
   * Share of `value` that it misses at most: ρ²/g for a residual ρ and a gap g = 1 − outside/value to what is outside
   * of the block, or ρ where there is no gap.
   */
  readonly missing: number;
}

/**
 * Filters damp what lies below this: the last value of the block, which those outside do not exceed. Where it hardly
 * differs from the wanted ones, as in a cluster, every other round damps only what is clearly below them.
 */
const boundOf = (values: Float64Array, rank: number, round: number): number =>
  round % 2 === 0 ? values.at(-1)! : belowCluster(values, rank);

const belowCluster = (values: Float64Array, rank: number): number =>
  Math.min(values.at(-1)!, 0.9 * values[rank - 1]!);

function estimate(values: Float64Array, squares: Float32Array, bound: number): Estimate[] {
  const outside = values.at(-1)!;
  return Array.from(values, (value, i) => {
    const residual = Math.sqrt(squares[i]!) / value;
    const missing = Math.min(residual, residual ** 2 / (1 - outside / value));
    return { value, position: (2 * value) / bound - 1, residual, missing };
  });
}

/** The largest share of their energy that the leading 1, 2, … triples miss together. */
function missingShare(triples: readonly Pick<Estimate, 'value' | 'missing'>[]): number {
  let [worst, energy, missed] = [0, 0, 0];
  for (const { value, missing } of triples) {
    energy += value;
    missed += value * missing;
    worst = Math.max(worst, missed / energy);
  }
  return worst;
}

/**
 * Degrees of filters, one after the other with the columns made orthonormal between, after which the wanted triples
 * shall miss no more than that share. Each is as high as it may be: what the columns of small directions still hold of a large
 * one must not be stretched beyond them.
 */
function planFilters(estimates: readonly Estimate[], rank: number, missing = MISSING / MARGIN): number[] {
  const degrees: number[] = [];
  const grown = (position: number) => degrees.reduce((all, degree) => all * chebyshev(degree, position), 1);
  const last = estimates[rank - 1]!.position;
  const isEnough = () => {
    const left = estimates
      .slice(0, rank)
      .map((one) => ({ value: one.value, missing: one.missing / grown(one.position) ** 2 }));
    return missingShare(left) <= missing;
  };
  // Filters and ordered orthonormal columns leave less of a direction in the others as it emerges itself.
  const stretch = (degree: number) =>
    Math.max(
      ...estimates.map(({ position, residual }) => {
        const left = Math.max(Math.min(1, residual) / grown(position), ROUNDING);
        return (left * chebyshev(degree, position)) / chebyshev(degree, last);
      }),
    );
  while (degrees.length < MAX_FILTERS) {
    let degree = 1;
    for (degrees.push(degree); degree < MAX_DEGREE && !isEnough(); degrees.push(degree)) {
      degrees.pop();
      if (stretch(degree + 1) > LARGEST_STRETCH) {
        degrees.push(degree);
        break;
      }
      degree++;
    }
    if (isEnough()) break;
  }
  return degrees;
}

/** T_d(x) for x ≥ 1. */
const chebyshev = (degree: number, x: number): number => Math.cosh(degree * Math.acosh(Math.max(1, x)));
