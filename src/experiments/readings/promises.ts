/** Quantities that could foretell the loss of an arm before it is trained, or early on. */
import { LOSS_LAW, lnOf } from '../../advice/index.ts';
import { mean, spearman } from '../../numeric/index.ts';
import type { Results, Scale } from '../experiment.ts';
import { PILOT_STEPS } from '../trial.ts';
import { lossAfter } from '../tuning.ts';
import { isReal, type MeasuredArm } from './arm-grid.ts';
import { type Factors, fitPlane, foretold, type Plane } from './two-factor-law.ts';

/** What a quantity promises of every arm, for one seed: more is better. Null where it is not defined. */
export type Promises = (arms: readonly MeasuredArm[], seed: number) => number[] | null;

export interface Quantity {
  readonly name: string;
  readonly promises: Promises;
}

/** A figure of each arm by itself. */
const single =
  (of: (arm: MeasuredArm, seed: number) => number | null): Promises =>
  (arms, seed) => {
    const values = arms.map((arm) => of(arm, seed));
    return values.every((value) => value !== null) ? values : null;
  };

const parametersOf = ({ runs }: MeasuredArm): number => runs[0]!.parameters;

/**
 * The constants of the law that sketches on another run of SmolLM2-135M gave, nine arms; written down before any run
 * here: loss ≈ a − 0.0134 · ln(parameters) − 0.0114 · ln(held-out ν).
 */
const SKETCH = { parameters: 0.0134, natural: 0.0114 };

/** A law of two factors, of which this is what it needs of an arm: null where the arm has no such figure. */
type Law = (arm: MeasuredArm, seed: number) => Factors | null;

const ofNatural: Law = (arm, seed) => {
  const { natural } = arm.points[seed]!;
  return natural === null ? null : [Math.log(parametersOf(arm)), lnOf(natural.heldOut)];
};

const ofCoverage: Law = (arm, seed) => [Math.log(parametersOf(arm)), lnOf(arm.points[seed]!.coverage)];

/** The laws by their second factor; the first is ln(parameters). */
export const LAWS = { 'ln held-out ν': ofNatural, 'ln coverage': ofCoverage } as const;

const pointsOf = (law: Law, arms: readonly MeasuredArm[], seed: number): Factors[] | null => {
  const x = arms.map((arm) => law(arm, seed));
  return x.every((one) => one !== null) ? x : null;
};

/** A law fitted to all arms, one per seed: for another model to be judged by. Null where an arm has no such figure. */
export function fittedLaw(law: Law, arms: readonly MeasuredArm[]): Plane[] | null {
  const planes = (arms[0]?.losses ?? []).map((_, seed) => {
    const x = pointsOf(law, arms, seed);
    return (
      x &&
      fitPlane(
        x,
        arms.map(({ losses }) => losses[seed]!),
      )
    );
  });
  return planes.every((plane) => plane !== null) ? planes : null;
}

/** What a law foretells that is fitted to the one half of the arms and foretells the other, and the other way round. */
const acrossHalves =
  (law: Law): Promises =>
  (arms, seed) => {
    const x = pointsOf(law, arms, seed);
    const losses = arms.map((arm) => arm.losses[seed]!);
    return x && foretold(x, losses, halves(arms)).map((loss) => -loss);
  };

/** Halves like a chequerboard over bases and ranks: each half has every basis and every rank. */
function halves(arms: readonly MeasuredArm[]): boolean[] {
  const bases = [...new Set(arms.map(({ basis }) => basis))];
  const ranks = [...new Set(arms.map(({ rank }) => rank))];
  return arms.map(({ basis, rank }) => (bases.indexOf(basis) + ranks.indexOf(rank)) % 2 === 0);
}

export const coverage: Quantity = {
  name: 'coverage',
  promises: single(({ points }, s) => points[s]!.coverage),
};
export const parameters: Quantity = { name: 'parameters', promises: single(parametersOf) };
export const heldOutNatural: Quantity = {
  name: 'held-out ν',
  promises: single(({ points }, seed) => points[seed]!.natural?.heldOut ?? null),
};

/** A law with constants from elsewhere: it fits nothing here. */
function given(name: string, constants: typeof SKETCH): Quantity & { readonly formula: string } {
  const formula = `${constants.parameters} · ln parameters + ${constants.natural} · ln held-out ν`;
  return {
    name: `law of ${name}: ${formula}`,
    formula,
    promises: single((arm, seed) => {
      const factors = ofNatural(arm, seed);
      return factors && constants.parameters * factors[0] + constants.natural * factors[1];
    }),
  };
}
export const sketchLaw = given('the sketches', SKETCH);
export const bundledLaw = given('the bundled model', LOSS_LAW);
export const naturalLaw: Quantity = {
  name: 'law fitted to ln parameters and ln held-out ν',
  promises: acrossHalves(ofNatural),
};
export const coverageLaw: Quantity = {
  name: 'law fitted to ln parameters and ln coverage',
  promises: acrossHalves(ofCoverage),
};

/** Measured in one pass over the calibration and observation batches. */
const ONE_PASS: readonly Quantity[] = [
  coverage,
  { name: 'energy', promises: single(({ points }, seed) => points[seed]!.energy) },
  { name: 'gain', promises: single(({ points }, seed) => points[seed]!.gain) },
  { name: 'signal coverage', promises: single(({ points }, seed) => points[seed]!.signalCoverage ?? 0) },
  {
    name: 'ν in sample',
    promises: single(({ points }, seed) => points[seed]!.natural?.inSample ?? null),
  },
  heldOutNatural,
  {
    name: 'joint coverage of all layers, held out',
    promises: single(({ joint }, seed) => joint[seed] ?? null),
  },
  { name: 'K', promises: single(({ rank }) => rank) },
  parameters,
  sketchLaw,
  naturalLaw,
  coverageLaw,
];

/** The first steps of the very run: such a pilot knows its learning rate. */
export const pilot = (steps: number): Quantity => ({
  name: `held-out loss after ${steps} steps`,
  promises: single(({ runs }, seed) => -lossAfter(runs[seed]!, steps)),
});

/** The longest pilot that ends before a short run does. */
export const longestPilot = (scale: Scale): Quantity => pilot(pilotSteps(scale).at(-1)!);

const pilotSteps = ({ shortSteps }: Scale): number[] => PILOT_STEPS.filter((steps) => steps < shortSteps);

/** The bundled model's law is judged on other models alone: where it was fitted it foretells nothing. */
export const quantitiesOf = (results: Pick<Results, 'scale' | 'setting'>): Quantity[] => [
  ...ONE_PASS,
  ...(isReal(results) ? [bundledLaw] : []),
  ...pilotSteps(results.scale).map(pilot),
];

/** How well a quantity ranks all arms: Spearman's correlation of its promise with −loss, one value per seed. */
export function strength(
  arms: readonly MeasuredArm[] | undefined,
  { promises }: Quantity,
): number[] | undefined {
  return perSeedOf(arms, promises, (all, promised, seed) => rankCorrelation(all, promised, seed));
}

/** The same within each K, mean over them; laws are still fitted across K. */
export function strengthWithin(
  arms: readonly MeasuredArm[] | undefined,
  { promises }: Quantity,
): number[] | undefined {
  return perSeedOf(arms, promises, (all, promised, seed) => {
    const ranks = [...new Set(all.map(({ rank }) => rank))];
    return mean(
      ranks.map((rank) => {
        const of = all.flatMap((arm, at) => (arm.rank === rank ? [at] : []));
        return rankCorrelation(
          of.map((at) => all[at]!),
          of.map((at) => promised[at]!),
          seed,
        );
      }),
    );
  });
}

const rankCorrelation = (arms: readonly MeasuredArm[], promised: readonly number[], seed: number): number =>
  spearman(
    promised,
    arms.map(({ losses }) => -losses[seed]!),
  );

function perSeedOf(
  arms: readonly MeasuredArm[] | undefined,
  promises: Promises,
  figure: (arms: readonly MeasuredArm[], promised: readonly number[], seed: number) => number,
): number[] | undefined {
  if (arms === undefined || arms.length < 2) return undefined;
  const values = arms[0]!.losses.map((_, seed) => {
    const promised = promises(arms, seed);
    return promised === null ? null : figure(arms, promised, seed);
  });
  return values.every((value) => value !== null) ? values : undefined;
}
