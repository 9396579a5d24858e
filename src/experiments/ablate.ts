/** A trained core with half of its dimensions left. */

import { type LayerAdapter, trainedArrays } from '../adapters/index.ts';
import { mean, type Rng, shuffle } from '../numeric/index.ts';
import { roundSignificant } from '../record/index.ts';
import type { FedProgram } from './fed-adapter.ts';
import { DIGITS } from './observe.ts';
import type { TrainTrial, TrainTrialResult } from './trial.ts';
import { trialRng } from './workbench.ts';

/** Draws of random halves of the dimensions. */
const ABLATION_DRAWS = 3;

/** Held-out losses with half of the core's dimensions left: the leading ones, the trailing ones, random ones. */
export async function ablate(
  trial: TrainTrial,
  layers: readonly LayerAdapter[],
  evaluation: FedProgram<void, number>,
): Promise<NonNullable<TrainTrialResult['ablation']>> {
  const trained = trainedArrays({ layers });
  const whole = Object.fromEntries(Object.entries(trained).map(([name, values]) => [name, values.slice()]));
  const lossWith = async (keeps: (dimension: number) => boolean): Promise<number> => {
    for (const { layer, rank } of layers) {
      const values = trained[`${layer.name}/m`]!;
      const all = whole[`${layer.name}/m`]!;
      values.forEach((_, at) => {
        values[at] = keeps(at % rank) && keeps(Math.floor(at / rank)) ? all[at]! : 0;
      });
    }
    return evaluation.run();
  };
  const half = trial.rank / 2;
  const leading = await lossWith((dimension) => dimension < half);
  const trailing = await lossWith((dimension) => dimension >= half);
  const drawn: number[] = [];
  for (let draw = 0; draw < ABLATION_DRAWS; draw++) {
    const kept = randomHalf(trial.rank, trialRng(trial.seed, `ablation ${draw}`));
    drawn.push(await lossWith((dimension) => kept.has(dimension)));
  }
  for (const [name, values] of Object.entries(trained)) values.set(whole[name]!);
  return { leading: round(leading), trailing: round(trailing), random: round(mean(drawn)) };
}

function randomHalf(rank: number, rng: Rng): ReadonlySet<number> {
  const order = shuffle(
    Array.from({ length: rank }, (_, i) => i),
    rng,
  );
  return new Set(order.slice(0, Math.floor(rank / 2)));
}

const round = (value: number): number => roundSignificant(value, DIGITS);
