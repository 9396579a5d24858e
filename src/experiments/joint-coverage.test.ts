import { expect, it } from 'vitest';
import { createRng, matrix, multiply } from '../numeric/index.ts';
import { jointFromKernel } from './joint-coverage.ts';

/** ḡ_Aᵀ (F_A + μI)⁻¹ ḡ_B as it is written, with the inverse by Gauss–Jordan. */
function direct(own: number[][], other: number[][], ridge: number): number {
  const d = own[0]!.length;
  const n = own.length;
  const mean = (rows: number[][]) =>
    Array.from({ length: d }, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / rows.length);
  const fisher = Array.from({ length: d }, (_, i) =>
    Array.from({ length: d }, (_, j) => own.reduce((sum, row) => sum + row[i]! * row[j]!, 0) / n),
  );
  const mu = (ridge * fisher.reduce((sum, row, i) => sum + row[i]!, 0)) / d;
  const system = fisher.map((row, i) => [...row.map((x, j) => x + (i === j ? mu : 0)), mean(other)[i]!]);
  for (let i = 0; i < d; i++) {
    const pivot = system[i]![i]!;
    system[i] = system[i]!.map((x) => x / pivot);
    for (let r = 0; r < d; r++) {
      if (r === i) continue;
      const factor = system[r]![i]!;
      system[r] = system[r]!.map((x, j) => x - factor * system[i]![j]!);
    }
  }
  return mean(own).reduce((sum, x, i) => sum + x * system[i]![d]!, 0);
}

it('needs only the inner products of the sequences', async () => {
  const rng = createRng(5);
  const [count, d] = [8, 5];
  const gradients = Array.from({ length: count }, () => Array.from({ length: d }, () => 0.5 + rng.normal()));
  const g = matrix(count, d, Float64Array.from(gradients.flat()));
  const kernel = await multiply(g, g, { transposeB: true });
  const [a, b] = [0, 1].map((half) => gradients.filter((_, s) => s % 2 === half)) as [number[][], number[][]];
  const { inSample, heldOut } = await jointFromKernel(kernel, d, 0.3);
  expect(inSample).toBeCloseTo((direct(a, a, 0.3) + direct(b, b, 0.3)) / 2, 5);
  expect(heldOut).toBeCloseTo((direct(a, b, 0.3) + direct(b, a, 0.3)) / 2, 5);
});

it('does not change with the scale of the gradients', async () => {
  const kernel = matrix(4, 4, Float64Array.from([4, 1, 0, 1, 1, 3, 1, 0, 0, 1, 5, 2, 1, 0, 2, 4]));
  const scaled = matrix(
    4,
    4,
    kernel.data.map((value) => 100 * value),
  );
  expect(await jointFromKernel(scaled, 7, 0.3)).toEqual(await jointFromKernel(kernel, 7, 0.3));
});
