/**
 * Kills training runs at random moments and checks that each, resumed, ends with the same numbers to the last bit.
 *
 *     node --import tsx scripts/kill-training.ts [moments] [seed]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '../src/numeric/index.ts';
import { killAtRandomMoments } from '../src/training/testing/kill-at-random.ts';
import { makeTinyModel, writeText } from '../test/e2e/tiny-model.ts';

const [moments = 50, seed = 0] = process.argv.slice(2).map(Number);
const base = mkdtempSync(join(tmpdir(), 'rankscope-kill-'));
try {
  const { killed, differing } = await killAtRandomMoments({
    base,
    modelPath: makeTinyModel(join(base, 'tiny')),
    dataPath: writeText(join(base, 'text.txt'), 200),
    moments,
    rng: createRng(seed),
    onMoment: (index, { steps, delay }, wasRunning, same) =>
      console.log(
        `${index + 1}: step ${steps} and ${delay.toFixed(0)} ms, ${wasRunning ? 'killed' : 'had ended'}, ` +
          `${same ? 'same' : 'OTHER'} numbers after resuming`,
      ),
  });
  console.log(`${killed} of ${moments} runs were killed; ${differing.length} ended with other numbers`);
  process.exitCode = differing.length === 0 ? 0 : 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
