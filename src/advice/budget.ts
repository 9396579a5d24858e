/** How many parameters a plan may have. */
import { parameterCount } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import type { LinearLayer } from '../models/index.ts';
import type { AdviceBudget } from '../record/index.ts';

/** Bytes of a trained number in an adapter's file. */
const FLOAT = 4;

export interface BudgetOptions {
  readonly maxParams?: number | undefined;
  readonly maxAdapterMb?: number | undefined;
  readonly matchLoraRank?: number | undefined;
}

type Sizes = Pick<LinearLayer, 'inFeatures' | 'outFeatures'>;

/** Parameters of plain LoRA of one rank on every layer. */
export const loraParameters = (layers: readonly Sizes[], rank: number): number =>
  layers.reduce(
    (sum, { inFeatures, outFeatures }) =>
      sum + parameterCount('factors', inFeatures, outFeatures, Math.min(rank, inFeatures, outFeatures)),
    0,
  );

/** Parameters of cores of one rank on every layer; a layer with a smaller side takes less. */
export const coreParameters = (layers: readonly Sizes[], rank: number): number =>
  layers.reduce((sum, { inFeatures, outFeatures }) => sum + Math.min(rank, inFeatures, outFeatures) ** 2, 0);

/** What can be advised. */
export type AdvisedFamily = 'core' | 'factors';

export const FAMILY_PARAMETERS = {
  core: coreParameters,
  factors: loraParameters,
} as const satisfies Readonly<Record<AdvisedFamily, (layers: readonly Sizes[], rank: number) => number>>;

/** The largest rank whose parameters are within a budget; 0 where none is. */
export function largestRank(
  layers: readonly Sizes[],
  parameters: (layers: readonly Sizes[], rank: number) => number,
  budget: number,
): number {
  const limit = Math.max(...layers.map(({ inFeatures, outFeatures }) => Math.min(inFeatures, outFeatures)));
  let rank = 0;
  while (rank < limit && parameters(layers, rank + 1) <= budget) rank++;
  return rank;
}

/** @throws UserError `options-conflict`, `budget-too-small`, `budget-too-large`. */
export function chooseBudget(
  layers: readonly Sizes[],
  options: BudgetOptions,
  family: AdvisedFamily = 'core',
): AdviceBudget {
  const names = ['maxParams', 'maxAdapterMb', 'matchLoraRank'] as const;
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length > 1)
    throw new UserError('options-conflict', (option) => ({
      what: 'there is more than one budget',
      got: given.map(option).join(' and '),
      expected: 'one of them',
      fix: 'leave the others out',
    }));
  const { maxParams, maxAdapterMb, matchLoraRank = DEFAULT_LORA_RANK } = options;
  const [asked, parameters] =
    maxParams !== undefined
      ? [`${maxParams} parameters`, maxParams]
      : maxAdapterMb !== undefined
        ? [`${maxAdapterMb} MB of trained numbers`, Math.floor((maxAdapterMb * 1e6) / FLOAT)]
        : [`that of LoRA of rank ${matchLoraRank}`, loraParameters(layers, matchLoraRank)];
  const least = FAMILY_PARAMETERS[family](layers, 1);
  const whole = layers.reduce((sum, { inFeatures, outFeatures }) => sum + inFeatures * outFeatures, 0);
  if (parameters < least)
    throw new UserError('budget-too-small', {
      what: 'the budget is below the smallest plan',
      got: asked,
      expected: `at least ${least} parameters: ${family === 'core' ? 'a core of one number' : 'LoRA of rank 1'} on each of the ${layers.length} layers`,
      fix:
        family === 'core'
          ? 'raise the budget, or choose fewer layers'
          : 'raise the budget, or train cores, which can be smaller',
    });
  if (parameters > whole)
    throw new UserError('budget-too-large', {
      what: 'the budget is above training every entry of the layers',
      got: `${asked}: ${parameters} parameters`,
      expected: `at most ${whole} parameters, those of full fine-tuning`,
      fix: 'lower the budget, or train all of the weights',
    });
  return { asked, parameters };
}

export const DEFAULT_LORA_RANK = 8;
