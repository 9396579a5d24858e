/** A fixed choice among the two signs that a singular or eigenvector may have. */
import type { Matrix } from './tensor.ts';

/**
 * Turns every column of `a`, in place, so that its entry of largest magnitude (the first one, if several are
 * equal) is positive; the columns of `partner` turn along.
 */
export function orientColumns(a: Matrix, partner?: Matrix): void {
  const peaks = new Float64Array(a.cols);
  for (let i = 0; i < a.data.length; i++) {
    const column = i % a.cols;
    if (Math.abs(a.data[i]!) > Math.abs(peaks[column]!)) peaks[column] = a.data[i]!;
  }
  for (const side of partner === undefined ? [a] : [a, partner]) {
    for (let i = 0; i < side.data.length; i++) {
      if (peaks[i % side.cols]! < 0) side.data[i] = -side.data[i]!;
    }
  }
}
