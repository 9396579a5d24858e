import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { learningRateAt, type ScheduleSettings } from './schedule.ts';

type Case = Required<ScheduleSettings> & { readonly rates: readonly number[] };
const file = new URL('../../test/reference/training/schedules.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

describe('learning rates', () => {
  it.each(cases)(
    'are those of transformers: $schedule to $finalLearningRate, $warmup of $steps steps',
    ({ rates, ...settings }) => {
      rates.forEach((rate, index) => {
        expect(Math.abs(learningRateAt(index + 1, settings) - rate)).toBeLessThan(1e-15);
      });
      expect(rates).toHaveLength(settings.steps);
    },
  );
});
