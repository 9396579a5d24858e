/**
 * The whitened gradient L_A⁻¹ G L_B⁻ᵀ of moments that are in the engine, for A + λaI = L_A L_Aᵀ and B + λbI = L_B L_Bᵀ:
 * block elimination, with products of float32 in the engine and the blocks on the diagonal here.
 */
import {
  cast,
  concat,
  type Graph,
  matmul,
  reshape,
  slice,
  sub,
  transpose,
  type Value,
} from '../../graph/index.ts';
import { invertLower, type Matrix, multiply, type Tensor, tryCholesky } from '../../numeric/index.ts';
import { Owner, type Resident } from '../../runtime/index.ts';
import type { Moments } from '../moments.ts';
import { blockRows, type PanelRange, panelRanges, UpperPanels } from '../upper-panels.ts';
import { asFloat32, newtonSchulz, orthonormalizing, overlapOf, toMatrix } from './blocks.ts';
import type { Programs } from './programs.ts';

/** A whitened gradient, and the way back from its singular vectors. */
export interface WhitenedGradient {
  /** [m, n] */
  readonly whitened: Resident;
  /** L_A⁻ᵀ and L_B⁻ᵀ of columns, made orthonormal one after the other. */
  mapBack(u: Matrix, v: Matrix): Promise<{ u: Matrix; v: Matrix } | undefined>;
}

/** L⁻¹ of something, with the rows of Lᵀ beside their blocks on the diagonal. */
interface Elimination {
  /** L⁻¹ R: [size, columns] */
  readonly solved: Resident;
  /** Inverses of the blocks of L on the diagonal. */
  readonly inverses: readonly Tensor[];
  /** Rows of Lᵀ to the right of these blocks, and the rows of `solved` beside them. */
  readonly rows: readonly Resident[];
}

export class GradientWhitener {
  private readonly programs: Programs;

  constructor(programs: Programs) {
    this.programs = programs;
  }

  /**
   * @param owner frees the result.
   * @returns undefined where float32 finds a ridged moment not positive definite.
   */
  async whiten(
    { gradient, inputs, outputs }: Moments<Resident>,
    ridge: number,
    owner: Owner,
  ): Promise<WhitenedGradient | undefined> {
    const right = await this.eliminate(outputs!, gradient!, ridge, owner);
    const left = right && (await this.eliminate(inputs!, right.solved, ridge, owner));
    if (left === undefined) return undefined;
    return {
      whitened: left.solved,
      mapBack: async (u, v) => {
        const [near, far] = [await this.mapBack(left, u), await this.mapBack(right!, v)];
        return near && far && { u: near, v: far };
      },
    };
  }

  /**
   * L⁻¹ R for moment + ridge = L Lᵀ and R the transpose of `source` [columns, size], block row by block row: the rows
   * of Lᵀ and of L⁻¹R are those of the moment and of R, less what the rows before them explain.
   */
  private async eliminate(
    moment: Resident,
    source: Resident,
    ridge: number,
    owner: Owner,
  ): Promise<Elimination | undefined> {
    const [columns, size] = source.shape as [number, number];
    const keep = (rows: number, width: number) =>
      this.programs.scratch({ dtype: 'float32', shape: [rows, width] }, owner);
    const addend = await this.ridgeOf(moment, ridge);
    const height = blockRows(size);
    const panels = panelsOf(moment);
    const starts = Array.from({ length: Math.ceil(size / height) }, (_, block) => block * height);
    const rows: Resident[] = [];
    const inverses: Tensor[] = [];
    let panel: Resident | undefined;
    for (const [block, start] of starts.entries()) {
      const end = Math.min(size, start + height);
      const { range, resident } = panels.find((panel) => start < panel.range.end)!;
      const step = await this.programs.get(
        `step ${size},${columns},${block},${range.start}-${range.end}`,
        (graph) => buildStep(graph, size, columns, block, range),
      );
      const next = await keep(end - start, size + columns - start);
      const fed: Record<string, Resident | Tensor> = { moment: resident, source };
      const into: Record<string, Resident> = { panel: next };
      if (panel !== undefined) {
        const row = await keep(height, size + columns - start);
        rows.forEach((before, index) => {
          fed[`row${index}`] = before;
        });
        Object.assign(fed, { before: panel, inverse: inverses.at(-1)! });
        into.row = row;
        rows.push(row);
      }
      const { diagonal } = await step.run(fed, into);
      const inverse = await invertRidged(toMatrix(diagonal!), addend);
      if (inverse === undefined) return undefined;
      inverses.push(inverse);
      panel = next;
    }
    const last = await this.programs.get(`last ${size},${columns}`, (graph) =>
      buildLast(graph, size, columns),
    );
    const solved = await keep(size, columns);
    const named = Object.fromEntries(rows.map((row, index) => [`row${index}`, row]));
    await last.run({ ...named, before: panel!, inverse: inverses.at(-1)! }, { solved });
    return { solved, inverses, rows };
  }

  /** λ · tr / size, or 1 where the moment is zero: a side without any signal still has directions to choose from. */
  private async ridgeOf(moment: Resident, ridge: number): Promise<number> {
    const [size] = moment.shape as [number, number];
    let trace = 0;
    for (const { resident } of panelsOf(moment)) {
      const [rows, width] = resident.shape as [number, number];
      const program = await this.programs.get(`diagonal ${rows},${width}`, (graph) =>
        buildDiagonal(graph, rows, width),
      );
      for (const { data } of Object.values(await program.run({ moment: resident })))
        trace += (data as Float32Array).reduce((a, b) => a + b, 0);
    }
    return trace > 0 ? (ridge * trace) / size : 1;
  }

  /** L⁻ᵀ of the columns, with an orthonormal basis of the span of every leading number of them. */
  private async mapBack({ inverses, rows }: Elimination, columns: Matrix): Promise<Matrix | undefined> {
    const { rows: size, cols } = columns;
    const widths = rows.map(({ shape }) => shape[1]!);
    const key = `${size},${widths},${cols}`;
    const back = await this.programs.get(`back ${key}`, (graph) => buildBack(graph, size, widths, cols));
    await using owner = new Owner();
    const block = await this.programs.scratch({ dtype: 'float64', shape: [size, cols] }, owner);
    const fed = Object.fromEntries([
      ...rows.map((row, index) => [`row${index}`, row] as const),
      ...inverses.map((inverse, index) => [`inverse${index}`, inverse] as const),
    ]);
    const { overlap } = await back.run({ ...fed, columns: asFloat32(columns) }, { block });
    const mix = await orthonormalizing(overlap!);
    if (mix === undefined) return undefined;
    const turn = await this.programs.get(`turn ${size},${cols}`, (graph) => buildTurn(graph, size, cols));
    const { frame } = await turn.run({ block, mix });
    return toMatrix(frame!);
  }
}

/** L⁻¹ of a block on the diagonal, ridged. */
async function invertRidged(block: Matrix, addend: number): Promise<Tensor | undefined> {
  for (let i = 0; i < block.rows; i++) block.data[i * block.cols + i]! += addend;
  const outcome = await tryCholesky(block, multiply);
  return 'lower' in outcome ? asFloat32(await invertLower(outcome.lower)) : undefined;
}

/** A symmetric matrix by panels; a whole one is the only one. */
function panelsOf(moment: Resident): { readonly range: PanelRange; readonly resident: Resident }[] {
  const [size] = moment.shape as [number, number];
  if (!(moment instanceof UpperPanels)) return [{ range: { start: 0, end: size }, resident: moment }];
  return panelRanges(size).map((range, index) => ({ range, resident: moment.panels[index]! }));
}

/** Finishes the block row before this one, and takes from this one what all before it explain. */
function buildStep(graph: Graph, size: number, columns: number, block: number, from: PanelRange): void {
  const height = blockRows(size);
  const start = block * height;
  const end = Math.min(size, start + height);
  const moment = graph.input('moment', 'float32', [from.end - from.start, size - from.start]);
  const source = graph.input('source', 'float32', [columns, size]);
  const whole = [
    slice(slice(moment, 0, start - from.start, end - from.start), 1, start - from.start, size - from.start),
    transpose(slice(source, 1, start, end), [1, 0]),
  ];
  let panel = concat(whole, 1);
  if (block > 0) {
    const before = earlierRows(graph, size, columns, block - 1);
    const row = finishRow(graph, height, size + columns - start + height);
    graph.output('row', row);
    const width = size + columns - start;
    const all = [...before.map((value) => slice(value, 1, value.shape[1]! - width, value.shape[1]!)), row];
    const stack = all.length === 1 ? row : concat(all, 0);
    panel = sub(panel, matmul(slice(stack, 1, 0, end - start), stack, { transposeA: true }));
  }
  graph.output('panel', panel);
  graph.output('diagonal', cast(slice(panel, 1, 0, end - start), 'float64'));
}

/** The last block row, and the right-hand side out of all of them. */
function buildLast(graph: Graph, size: number, columns: number): void {
  const blocks = Math.ceil(size / blockRows(size));
  const height = size - (blocks - 1) * blockRows(size);
  const before = earlierRows(graph, size, columns, blocks - 1);
  const parts = [...before, finishRow(graph, height, height + columns)];
  const right = parts.map((row) => slice(row, 1, row.shape[1]! - columns, row.shape[1]!));
  graph.output('solved', right.length === 1 ? right[0]! : concat(right, 0));
}

/** Inputs of the block rows that are finished. */
function earlierRows(graph: Graph, size: number, columns: number, count: number): Value[] {
  const height = blockRows(size);
  return Array.from({ length: count }, (_, index) =>
    graph.input(`row${index}`, 'float32', [height, size + columns - (index + 1) * height]),
  );
}

/** A panel without its block on the diagonal, times the inverse of that. */
function finishRow(graph: Graph, height: number, width: number): Value {
  const before = graph.input('before', 'float32', [height, width]);
  const inverse = graph.input('inverse', 'float32', [height, height]);
  return matmul(inverse, slice(before, 1, height, width));
}

/** Lᵀ x = columns from the last block row up. */
function buildBack(graph: Graph, size: number, widths: readonly number[], count: number): void {
  const columns = graph.input('columns', 'float32', [size, count]);
  const height = blockRows(size);
  let below: Value | undefined;
  for (let block = widths.length; block >= 0; block--) {
    const start = block * height;
    const end = Math.min(size, start + height);
    const inverse = graph.input(`inverse${block}`, 'float32', [end - start, end - start]);
    let own = slice(columns, 0, start, end);
    if (below !== undefined) {
      const row = graph.input(`row${block}`, 'float32', [height, widths[block]!]);
      own = sub(own, matmul(slice(row, 1, 0, size - end), below));
    }
    const solved = matmul(inverse, own, { transposeA: true });
    below = below === undefined ? solved : concat([solved, below], 0);
  }
  const block = cast(below!, 'float64');
  graph.output('block', block);
  graph.output('overlap', overlapOf(block));
}

function buildTurn(graph: Graph, rows: number, columns: number): void {
  const block = graph.input('block', 'float64', [rows, columns]);
  const mix = graph.input('mix', 'float64', [columns, columns]);
  graph.output('frame', newtonSchulz(matmul(block, mix)));
}

/** The diagonal of a panel in two parts: seen with rows longer by one, all of it but its last entry is a column. */
function buildDiagonal(graph: Graph, rows: number, width: number): void {
  const flat = reshape(graph.input('moment', 'float32', [rows, width]), [rows * width]);
  const last = (rows - 1) * (width + 1);
  graph.output('last', slice(flat, 0, last, last + 1));
  if (rows > 1) graph.output('most', slice(reshape(slice(flat, 0, 0, last), [rows - 1, width + 1]), 1, 0, 1));
}
