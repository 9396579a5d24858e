import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Model, openModel } from '../models/index.ts';
import type { ProbeOptions } from './options.ts';
import { resolveProbe } from './settings.ts';
import { probeWork, stageShares } from './stage-shares.ts';

let model: Model;
beforeAll(async () => {
  model = await openModel(fileURLToPath(new URL('../../test/reference/models/gpt2', import.meta.url)));
});

/** The work of a probe in one part; a sweep over the calibration batches for each entry. */
function given(options: ProbeOptions, sweeps: 0 | 1 | 2): Parameters<typeof probeWork> {
  const { settings, layers, plans } = resolveProbe(model, { seqLen: 16, ranks: [4], ...options });
  const sweep = { group: layers, together: 1, recomputed: 0, bytes: { moments: 0, pass: 0 } };
  const part = { layers, sweeps: Array(sweeps).fill(sweep), recomputed: 0, bytes: 0 };
  return [model, [part], plans, settings];
}
const work = (options: ProbeOptions, sweeps: 0 | 1 | 2 = 1) => probeWork(...given(options, sweeps));

describe('the work of a probe', () => {
  it('is shared out to the last bit', () => {
    const shares = Object.values(stageShares(...given({ bases: ['natural', 'random'] }, 1)));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    expect(shares.every((share) => share > 0)).toBe(true);
  });

  it('has no calibration without bases of the data, and frames only of those that are found', () => {
    expect(work({ bases: ['random'] }, 0)).toMatchObject({ calibration: 0, frames: 0 });
    const weights = work({ bases: ['svd'] }, 0);
    expect(weights.calibration).toBe(0);
    expect(weights.frames).toBeGreaterThan(0);
  });

  it('measures twice as long on twice the batches', () => {
    const once = work({ bases: ['svd'], batches: 4 }, 0);
    const twice = work({ bases: ['svd'], batches: 8 }, 0);
    expect(twice.measuring).toBe(2 * once.measuring);
    expect(twice.frames).toBe(once.frames);
  });

  it('calibrates a whole pass longer for every sweep: 4 operations for each weight and token', () => {
    const options: ProbeOptions = { bases: ['gradient'], calibrationBatches: 2 };
    const [one, two] = [work(options, 1), work(options, 2)];
    // Two blocks of width 24 with 12 · 24² weights each, and a head of 61 rows.
    const weights = 2 * 12 * 24 ** 2 + 24 * 61;
    expect(two.calibration - one.calibration).toBe(4 * weights * 2 * 16);
    // On top of that, the products whose sum is the gradient: 2 for each entry and token.
    expect(one.calibration).toBe((4 * weights + 2 * 2 * 12 * 24 ** 2) * 2 * 16);
  });

  it('is more for whitened frames than for gradients alone', () => {
    const [plain, whitened] = [work({ bases: ['gradient'] }), work({ bases: ['natural'] })];
    expect(whitened.calibration).toBeGreaterThan(plain.calibration);
    expect(whitened.frames).toBeGreaterThan(plain.frames);
  });
});
