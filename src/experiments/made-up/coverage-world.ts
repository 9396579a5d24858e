/** Made-up coverage, and verdicts on it, for tests of experiments. */
import type { Basis, Family, Verdict } from '../../record/index.ts';
import { figureSchema, tableSchema } from '../../record/index.ts';
import type { Experiment, Results } from '../experiment.ts';
import { judge } from '../judge.ts';
import { QUICK } from '../scale.ts';
import { type CoveragePoint, OBSERVED_RANKS } from '../trial.ts';
import { FIVE_SEEDS, NO_OBSERVATION, SETTING, type World, worldResults } from './world.ts';

/** What a made-up coverage may depend on. */
export interface Place {
  readonly basis: Basis;
  readonly family: Family;
  readonly rank: number;
  readonly step: number;
  readonly seed: number;
}

/** Both sides of every matrix of the made-up model. */
const SIDES = { m: 256, n: 1024 };

/** Coverage of random frames of the made-up model. */
export function expectedCoverage(family: Family, rank: number): number {
  const { m, n } = SIDES;
  if (family === 'left') return Math.sqrt(rank / m);
  if (family === 'right') return Math.sqrt(rank / n);
  return rank / Math.sqrt(m * n);
}

/** A small number that differs from seed to seed and sums to nothing much. */
export const wobble = (seed: number): number => [0.3, -0.8, 0.6, -0.4, 0.2][seed % 5]!;

/** A world whose observations, at the start and in training, follow a law. */
export function coverageWorld(law: (place: Place) => number): Pick<World, 'train' | 'observe'> {
  const observation = (bases: readonly Basis[], step: number, seed: number) => ({
    ...NO_OBSERVATION,
    step,
    points: bases.flatMap((basis) =>
      (['core', 'left', 'right'] as const).flatMap((family) =>
        OBSERVED_RANKS.map((rank): CoveragePoint => {
          const coverage = law({ basis, family, rank, step, seed });
          const energy = coverage ** 2;
          return {
            basis,
            family,
            rank,
            group: 'all',
            coverage,
            energy,
            gain: energy / expectedCoverage(family, rank) ** 2,
            signalCoverage: null,
            natural: null,
            parameters: rank ** 2,
          };
        }),
      ),
    ),
  });
  return {
    observe: ({ bases, seed }) => ({ observation: observation(bases, 1, seed), evalLoss: 8 + 0.01 * seed }),
    train: ({ observe, seed }) =>
      observe === undefined
        ? {}
        : { observations: observe.steps.map((step) => observation(observe.bases, step, seed)) },
  };
}

/** The verdict of every claim of an experiment, by the part of its name after the slash. */
export function verdicts(experiment: Experiment, results: Results): Record<string, Verdict> {
  const { claims } = experiment;
  const judged = judge(claims.map((claim) => ({ rule: claim.rule, sample: claim.measure(results) })));
  return Object.fromEntries(claims.map(({ id }, index) => [id.split('/')[1]!, judged[index]!.verdict]));
}

/** Results before any trial has run. */
export const NO_RESULTS: Results = {
  setting: SETTING,
  scale: FIVE_SEEDS,
  train: () => undefined,
  observe: () => undefined,
  joint: () => undefined,
};

/**
 * Goes through all that an experiment makes, with nothing known and at both scales; what does not fit the record
 * throws. Returns the claims that find no sample at full scale, and at the quick one.
 */
export function exercise(experiment: Experiment, world: World): { full: string[]; quick: string[] } {
  const unmeasured = (results: Results) => {
    for (const table of experiment.tables(results)) {
      tableSchema.parse(table);
      const { columns, rows } = table;
      if (rows.some((row) => row.length !== columns.length)) throw new Error(`ragged table ${table.title}`);
    }
    for (const figure of experiment.figures(results)) figureSchema.parse(figure);
    experiment.notes(results);
    experiment.trials(results);
    for (const claim of experiment.claims) claim.why(results);
    return experiment.claims.filter((claim) => claim.measure(results) === null).map(({ id }) => id);
  };
  const missing = unmeasured(NO_RESULTS);
  if (missing.length < experiment.claims.length) throw new Error('a claim was measured without any trial');
  return { full: unmeasured(worldResults(world, FIVE_SEEDS)), quick: unmeasured(worldResults(world, QUICK)) };
}
