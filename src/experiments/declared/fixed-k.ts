/** Does the loss follow coverage when K and the number of parameters stand still, and only the frames differ? */
import { mean, spearman } from '../../numeric/index.ts';
import type { Basis, ExperimentFigure, ExperimentTable } from '../../record/index.ts';
import type { Claim, Experiment, Results } from '../experiment.ts';
import {
  coreGrid,
  GRID_BASES,
  type GridArm,
  gridTrials,
  isReal,
  type MeasuredArm,
  measuredArms,
  toArm,
} from '../readings/arm-grid.ts';
import { lossSpread } from '../readings/best-of.ts';
import {
  above,
  below,
  curve,
  perSeed,
  type SeedValues,
  sampleOf,
  say,
  sayMeans,
  saySeries,
} from '../readings/seed-values.ts';
import { cell } from '../readings/shared.ts';
import { sourceRanks } from '../readings/source-ranks.ts';
import { START_BASES, startTrials } from '../readings/start-points.ts';
import type { CoveragePoint } from '../trial.ts';
import { bestLearningRate } from '../tuning.ts';
import { RANK_WORDS } from './rank-words.ts';

/** Nats per token within which frames count as equally good: 5 % of perplexity. */
const MARGIN = 0.05;

const FIXED = ['largest', 'quarter'] as const;
type Fixed = (typeof FIXED)[number];

/** All bases; on a real model those that other experiments train as well, and one more at the largest K. */
function basesAt(results: Results, which: Fixed): readonly Basis[] {
  if (!isReal(results)) return START_BASES;
  return which === 'largest' ? [...GRID_BASES, 'activation'] : GRID_BASES;
}

const armsAt = (results: Results, which: Fixed): GridArm[] =>
  coreGrid(basesAt(results, which), [sourceRanks(results.scale)[which]]);

const measuredAt = (results: Results, which: Fixed): MeasuredArm[] | undefined =>
  measuredArms(results, armsAt(results, which), results.scale.shortSteps);

type Figure = (point: CoveragePoint) => number;

const coverageOf: Figure = ({ coverage }) => coverage;
const naturalOf: Figure = ({ natural }) => natural!.heldOut;

/** Spearman's correlation of a figure with the loss over the bases, one value per seed. */
function correlation(results: Results, which: Fixed, figure: Figure): SeedValues {
  const arms = measuredAt(results, which);
  if (arms === undefined) return undefined;
  return results.scale.seeds.map((_, seed) =>
    spearman(
      arms.map(({ points }) => figure(points[seed]!)),
      arms.map(({ losses }) => losses[seed]!),
    ),
  );
}

const spread = (results: Results, which: Fixed): SeedValues =>
  lossSpread(measuredAt(results, which)?.map(({ losses }) => losses) ?? [undefined]);

function sayArms(results: Results, which: Fixed): string {
  const arms = measuredAt(results, which) ?? [];
  if (arms.length === 0) return 'Trials are missing.';
  return sayMeans(
    arms.flatMap(({ basis, points, losses }) => [
      [`coverage of ${basis}`, points.map(coverageOf)] as const,
      ['its held-out ν', points.map(naturalOf)] as const,
      ['its loss', losses] as const,
    ]),
  );
}

const claimsAt = (which: Fixed): Claim[] => [
  {
    id: `fixed-k/coverage-${which}`,
    rows: ['M3'],
    statement:
      'Coverage determines quality: among frames of one K, and so of one number of parameters, those that cover more end at a lower loss.',
    sourceFigure: '“entirely determined by gradient coverage per step”; K was never held fixed',
    quantity: `Spearman’s correlation of coverage with tuned loss over bases, at ${RANK_WORDS[which]}`,
    rule: below(0, 'confirmed if the correlation is negative: below 0'),
    measure: (results) => sampleOf(correlation(results, which, coverageOf)),
    why: (results) => sayArms(results, which),
  },
  {
    id: `fixed-k/natural-${which}`,
    rows: [],
    statement: 'Held-out natural coverage ν ranks frames of one K by their loss better than coverage does.',
    sourceFigure: '',
    quantity: `Spearman(coverage, loss) − Spearman(held-out ν, loss) over bases, at ${RANK_WORDS[which]}`,
    rule: above(0, 'confirmed if ν has the more negative correlation: the difference is above 0'),
    measure: (results) =>
      sampleOf(
        perSeed(
          [correlation(results, which, coverageOf), correlation(results, which, naturalOf)],
          (coverage, natural) => coverage - natural,
        ),
      ),
    why: (results) =>
      sayMeans([
        ['Spearman(coverage, loss)', correlation(results, which, coverageOf)],
        ['Spearman(held-out ν, loss)', correlation(results, which, naturalOf)],
      ]),
  },
  {
    id: `fixed-k/any-basis-${which}`,
    rows: ['M4'],
    statement: 'Any orthonormal basis works equally well: frames of one K end at the same loss.',
    sourceFigure: '“Any orthonormal basis works equally well”; only the coverage of two bases was compared',
    quantity: `loss(worst basis) − loss(best basis), each named by the other seeds, at ${RANK_WORDS[which]}`,
    rule: below(MARGIN, `confirmed if they differ by less than ${MARGIN} nats per token, 5 % of perplexity`),
    measure: (results) => sampleOf(spread(results, which)),
    why: (results) =>
      saySeries(
        'loss',
        (measuredAt(results, which) ?? [{ basis: 'svd', losses: undefined }]).map(({ basis, losses }) => [
          `for ${basis}`,
          losses,
        ]),
      ),
  },
];

function armTable(results: Results): ExperimentTable {
  const { shortSteps } = results.scale;
  return {
    title: 'Frames at one K',
    caption:
      `All arms of one K train as many parameters. Measured at the start, on batches that made none of the frames; ` +
      `held-out loss after ${shortSteps} steps at the best learning rate of each. A signal coverage that noise hides is left out.`,
    setting: results.setting.name,
    columns: ['K', 'basis', 'coverage', 'signal coverage', 'held-out ν', 'learning rate', 'loss'],
    rows: FIXED.flatMap((which) =>
      armsAt(results, which).map((arm) => {
        const measured = measuredArms(results, [arm], shortSteps)?.[0];
        const signal = measured?.points.flatMap(({ signalCoverage }) => signalCoverage ?? []) ?? [];
        return [
          arm.rank,
          arm.basis,
          cell(measured?.points.map(coverageOf)),
          signal.length === 0 ? null : cell(signal),
          cell(measured?.points.map(naturalOf)),
          bestLearningRate(results, toArm(arm), shortSteps) ?? null,
          cell(measured?.losses),
        ];
      }),
    ),
    source: null,
  };
}

function correlationTable(results: Results): ExperimentTable {
  return {
    title: 'Does the loss follow?',
    caption:
      'Spearman’s rank correlation with the tuned loss over the bases of one K; −1 ranks them perfectly. Intervals over seeds are for these bases, not for others.',
    setting: results.setting.name,
    columns: ['K', 'bases', 'coverage', 'held-out ν', 'loss(worst) − loss(best)'],
    rows: FIXED.map((which) => [
      sourceRanks(results.scale)[which],
      basesAt(results, which).length,
      cell(correlation(results, which, coverageOf)),
      cell(correlation(results, which, naturalOf)),
      cell(spread(results, which)),
    ]),
    source: null,
  };
}

function figureOf(results: Results, name: string, xLabel: string, figure: Figure): ExperimentFigure {
  return {
    title: `Loss against ${name} at one K`,
    caption:
      'Each point is a basis. If the figure determined the loss, the points of one K would fall to the right.',
    setting: results.setting.name,
    xLabel,
    yLabel: 'held-out loss, nats per token',
    xScale: 'linear',
    yScale: 'linear',
    series: FIXED.map((which) =>
      curve(
        `K = ${sourceRanks(results.scale)[which]}`,
        (measuredAt(results, which) ?? []).map(
          ({ points, losses }) => [mean(points.map(figure)), losses] as const,
        ),
        'points',
      ),
    ),
  };
}

function notes(results: Results): string[] {
  return FIXED.flatMap((which) => {
    const arms = measuredAt(results, which);
    if (arms === undefined) return [];
    const byCoverage = [...arms].sort((a, b) => meanOf(b, coverageOf) - meanOf(a, coverageOf));
    const byLoss = [...arms].sort((a, b) => meanLoss(a) - meanLoss(b));
    const [covers, ends] = [byCoverage[0]!, byLoss[0]!];
    const told =
      covers === ends
        ? `At K = ${covers.rank} the ${covers.basis} frames cover most and end lowest.`
        : `At K = ${covers.rank} the ${covers.basis} frames cover most (${say(meanOf(covers, coverageOf))}) and end at ` +
          `${say(meanLoss(covers))}; the ${ends.basis} frames, which cover ${say(meanOf(ends, coverageOf))}, end lowest at ${say(meanLoss(ends))}.`;
    return [told];
  });
}

const meanOf = ({ points }: MeasuredArm, figure: Figure): number => mean(points.map(figure));

const meanLoss = ({ losses }: MeasuredArm): number => mean(losses);

export const fixedK: Experiment = {
  name: 'fixed-k',
  title: 'Coverage without K',
  question: 'Does the loss follow coverage when K cannot, and only the frames move it?',
  method:
    'CT-LoRA cores of one K on all layers, so that all arms train as many parameters; the frames are the leading or ' +
    'trailing singular vectors of the weights, random, or made from gradients, activations or both on calibration ' +
    'batches. Learning rate tuned for each; coverage and ν measured at the start on other batches, with the same frames.',
  settings: ['random-start', 'pretrained', 'real'],
  trials: (results) => [
    ...startTrials(results),
    ...FIXED.flatMap((which) => gridTrials(results, armsAt(results, which), results.scale.shortSteps)),
  ],
  claims: FIXED.flatMap(claimsAt),
  tables: (results) => [armTable(results), correlationTable(results)],
  figures: (results) => [
    figureOf(results, 'coverage', 'coverage at the first step', coverageOf),
    figureOf(results, 'natural coverage', 'held-out ν at the first step', naturalOf),
  ],
  notes,
};
