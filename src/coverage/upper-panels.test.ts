/** Symmetric moments by panels, against whole ones. */
import { afterAll, expect, it } from 'vitest';
import { createRng, float32 } from '../numeric/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { LeadingFrames } from './leading/index.ts';
import { blockRows, panelEntries, panelRanges, UpperPanels } from './upper-panels.ts';

const engine = createOnnxEngine({ threads: 2 });
const frames = new LeadingFrames(engine);
afterAll(async () => {
  await frames.release();
  await engine.close();
});

const rng = createRng(3);
const keep = (rows: number, cols: number, data: Float32Array) => engine.keep(float32([rows, cols], data));
const normal = (count: number) => Float32Array.from({ length: count }, () => rng.normal());

/** xᵀx of some rows, and its panels. */
async function moments(size: number, x: Float32Array) {
  const whole = new Float32Array(size * size);
  for (let t = 0; t < x.length; t += size)
    for (let i = 0; i < size; i++)
      for (let j = 0; j < size; j++) whole[i * size + j]! += x[t + i]! * x[t + j]!;
  const panels = panelRanges(size).map(({ start, end }) => {
    const rows = Array.from({ length: end - start }, (_, i) => [
      ...whole.subarray((start + i) * size + start, (start + i + 1) * size),
    ]);
    return keep(end - start, size - start, Float32Array.from(rows.flat()));
  });
  return { whole, held: new UpperPanels(size, await Promise.all(panels)) };
}

it.each([96, 97, 192, 200, 576, 1536])(
  '%i rows: panels begin at blocks, and cover the upper half',
  (size) => {
    const ranges = panelRanges(size);
    expect(ranges[0]!.start).toBe(0);
    expect(ranges.at(-1)!.end).toBe(size);
    for (const [index, { start, end }] of ranges.entries()) {
      expect(start % blockRows(size)).toBe(0);
      if (index > 0) expect(start).toBe(ranges[index - 1]!.end);
      expect(end).toBeGreaterThan(start);
    }
    expect(panelEntries(size)).toBeGreaterThanOrEqual((size * (size + 1)) / 2);
  },
);

it.each([97, 250])('%i rows: read as the whole, mirrored', async (size) => {
  const { whole, held } = await moments(size, normal(3 * size));
  expect((await held.read()).data).toEqual(whole);
  await held.release();
});

it.each([
  [97, 200],
  [300, 150],
])('%i×%i: natural frames are those of whole moments, to the last bit', async (m, n) => {
  const layer = {
    name: 'layer',
    role: 'up',
    inFeatures: m,
    outFeatures: n,
    stored: 'in-out',
    bias: false,
  } as const;
  const gradient = await keep(m, n, normal(m * n));
  const [inputs, outputs] = [await moments(m, normal(400 * m)), await moments(n, normal(400 * n))];
  const whole = {
    layer,
    gradient,
    inputs: await keep(m, m, inputs.whole),
    outputs: await keep(n, n, outputs.whole),
  };
  const expected = await frames.natural(whole, 0.3, 16);
  expect(expected).toBeDefined();
  expect(
    await frames.natural({ layer, gradient, inputs: inputs.held, outputs: outputs.held }, 0.3, 16),
  ).toEqual(expected);
});
