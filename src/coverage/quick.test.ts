import { expect, it } from 'vitest';
import type { LinearLayer } from '../models/index.ts';
import type { ProbeRecord } from '../record/index.ts';
import { layersOfFewBlocks, lessOf, quickRanks, tellQuick } from './quick.ts';

const layersOf = (blocks: number, side = 512): LinearLayer[] =>
  Array.from({ length: 2 * blocks }, (_, i) => ({
    name: `model.layers.${Math.floor(i / 2)}.${i % 2 === 0 ? 'up' : 'down'}_proj`,
    role: i % 2 === 0 ? 'up' : 'down',
    inFeatures: side,
    outFeatures: side,
    stored: 'out-in',
    bias: false,
  }));
const blocksOf = (layers: readonly LinearLayer[]) => [
  ...new Set(layers.map(({ name }) => name.split('.')[2])),
];

it('takes whole blocks from the first to the last at equal distances', () => {
  expect(blocksOf(layersOfFewBlocks(layersOf(30)))).toEqual(['0', '10', '19', '29']);
  expect(layersOfFewBlocks(layersOf(30))).toHaveLength(8);
  expect(blocksOf(layersOfFewBlocks(layersOf(5)))).toEqual(['0', '1', '3', '4']);
  for (const few of [1, 2, 3, 4]) expect(layersOfFewBlocks(layersOf(few))).toEqual(layersOf(few));
  // Of those that were chosen, be they all blocks or not.
  const chosen = layersOf(30).filter(({ name }) => /\.(2\d)\.up/.test(name));
  expect(blocksOf(layersOfFewBlocks(chosen))).toEqual(['20', '23', '26', '29']);
});

it('leaves what is asked for as it is', () => {
  expect(lessOf({ batches: 16 })).toEqual({ batches: 16, calibrationBatches: 4 });
  expect(lessOf({ calibrationBatches: 2, seed: 3 })).toEqual({ batches: 4, calibrationBatches: 2, seed: 3 });
  expect(quickRanks([8, 256], layersOf(1))).toEqual([8, 256]);
  expect(quickRanks(undefined, layersOf(1))).toEqual([2, 4, 8, 16, 32, 64]);
  expect(quickRanks(undefined, layersOf(1, 9))).toEqual([2, 4, 8]);
});

it('says all that it left out, and nothing else', () => {
  const settings = {
    batches: 4,
    calibrationBatches: 4,
    ranks: [2, 64],
  } as unknown as ProbeRecord['settings'];
  const all = layersOf(30);
  expect(tellQuick({}, settings, all, layersOfFewBlocks(all))).toBe(
    'A quick look: 4 batches in place of 16; 4 batches for calibration in place of 16; ranks to 64 in place of 256; ' +
      '8 of 60 layers, those of the blocks 0, 10, 19, 29 (of 0 to 29).',
  );
  const small = layersOf(2, 16);
  const asked = { batches: 8, calibrationBatches: 16, ranks: [2] } as const;
  expect(tellQuick(asked, { ...settings, ...asked, ranks: [2] }, small, small)).toBe(
    'A quick look: nothing was left out.',
  );
});
