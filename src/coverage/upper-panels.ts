/**
 * Second moments in the engine as panels of rows from the diagonal on: what lies below the blocks on the diagonal is
 * the mirror of what lies above, and neither made nor kept.
 */
import type { DType, Tensor } from '../numeric/index.ts';
import type { Resident } from '../runtime/index.ts';

/** Rows that whitening eliminates at a time: more of a large moment, which is copied as often as there are blocks. */
export const blockRows = (size: number): number => Math.max(96, 32 * Math.ceil(size / 24 / 32));

/** Panels of a moment, about: more of them save products, and cost copies of columns. */
const PANELS = 4;

/** Rows start … end − 1 of a symmetric matrix, from column `start` on. */
export interface PanelRange {
  readonly start: number;
  readonly end: number;
}

/** The panels of a symmetric matrix of this size: whole blocks of {@link blockRows} each, but for the last. */
export function panelRanges(size: number): PanelRange[] {
  const rows = blockRows(size);
  const height = rows * Math.ceil(size / PANELS / rows);
  return Array.from({ length: Math.ceil(size / height) }, (_, index) => ({
    start: index * height,
    end: Math.min(size, (index + 1) * height),
  }));
}

/** Entries of all panels. */
export const panelEntries = (size: number): number =>
  panelRanges(size).reduce((sum, { start, end }) => sum + (end - start) * (size - start), 0);

/** A symmetric matrix [size, size] as its panels [end − start, size − start]. */
export class UpperPanels implements Resident {
  readonly dtype: DType = 'float32';
  readonly shape: readonly [number, number];
  readonly panels: readonly Resident[];

  /** @param panels one for each of {@link panelRanges}. */
  constructor(size: number, panels: readonly Resident[]) {
    this.shape = [size, size];
    this.panels = panels;
  }

  /** The whole matrix. */
  async read(): Promise<Tensor> {
    const [size] = this.shape;
    const data = new Float32Array(size * size);
    for (const [index, { start, end }] of panelRanges(size).entries()) {
      const panel = (await this.panels[index]!.read()).data as Float32Array;
      const width = size - start;
      for (let i = start; i < end; i++) {
        const row = panel.subarray((i - start) * width, (i - start + 1) * width);
        data.set(row.subarray(i - start), i * size + i);
        for (let j = i; j < size; j++) data[j * size + i] = row[j - start]!;
      }
    }
    return { dtype: 'float32', shape: this.shape, data };
  }

  async release(): Promise<void> {
    for (const panel of this.panels) await panel.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
