/** Fits the law of the learning rate to tuned arms and their first steps, and holds it against simpler rules. */
import { readFileSync } from 'node:fs';
import type { TrialRecord } from '../../src/experiments/index.ts';
import { fitLine, mean } from '../../src/numeric/index.ts';
import { roundSignificant } from '../../src/record/index.ts';
import type { FirstStep } from '../../src/training/learning-rate/first-step.ts';
import type { LawConstants } from '../../src/training/learning-rate/law.ts';
import { type ArmKey, readTunedArms, type TunedArm, tunedArms } from './tuned-arms.ts';

/** A tuned arm with what was measured of it before its first step. */
export interface FittedArm extends TunedArm {
  readonly first: FirstStep;
}

type Line = FirstStep & { readonly arm: ArmKey; readonly condition?: string };

const readLines = <T>(path: string): T[] =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const sameArm = (a: ArmKey, b: ArmKey): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Arms of a setting with their first steps, at the horizon that the law is fitted at. */
export function readFittedArms(trials: string, firstSteps: string, setting: string): FittedArm[] {
  const lines = readLines<Line>(firstSteps);
  return readTunedArms(trials, SHORT)
    .filter((one) => one.setting === setting)
    .flatMap((one) => {
      const first = lines.find(({ arm }) => sameArm(arm, one.arm));
      return first === undefined ? [] : [{ ...one, first }];
    });
}

/** Arms that were tuned under a condition of `tune-conditions.ts`, with their first steps where it has some. */
export function readCondition(path: string, condition: string): (TunedArm & { first?: FirstStep })[] {
  const lines = readLines<TrialRecord & Line>(path).filter((line) => line.condition === condition);
  return tunedArms(
    lines.filter(({ trial }) => trial !== undefined),
    SHORT,
  ).map((one) => {
    const first = lines.find(({ arm }) => arm !== undefined && sameArm(arm, one.arm));
    return first === undefined ? one : { ...one, first };
  });
}

export const SHORT = 40;
export const LONG = 400;

/** All but what depends on the length of a run and its schedule. */
export function fitStep(arms: readonly FittedArm[]): Pick<LawConstants, 'factor' | 'exponent' | 'waiting'> {
  const free = arms.filter(({ first }) => first.waiting === null);
  const { slope, intercept } = fitLine(
    free.map(({ first }) => Math.log2(first.step!)),
    free.map(({ best }) => best),
  );
  // 1/best = 1/alone + 1/(constant · scale): see the law.
  const constants = arms.flatMap(({ first: { step, waiting }, best }) =>
    waiting === null
      ? []
      : [-Math.log2((2 ** -best - 2 ** -(intercept + slope * Math.log2(step!))) * waiting)],
  );
  return { factor: 2 ** intercept, exponent: slope, waiting: 2 ** mean(constants) };
}

/** Exponent of the number of steps: from arms that were tuned at both horizons. */
export function fitHorizon(trials: string, setting: string): number {
  const long = readTunedArms(trials, LONG).filter((one) => one.setting === setting);
  const short = readTunedArms(trials, SHORT).filter((one) => one.setting === setting);
  const falls = long.flatMap(({ arm, best }) => {
    const before = short.find((one) => sameArm(one.arm, arm));
    return before === undefined ? [] : [before.best - best];
  });
  return mean(falls) / Math.log2(LONG / SHORT);
}

/** How much higher the best peak of a cosine is than the best constant rate. */
export function fitCosine(trials: string, setting: string, conditions: string): number {
  const constant = readTunedArms(trials, SHORT).filter((one) => one.setting === setting);
  const rises = readCondition(conditions, 'cosine').flatMap(({ arm, best }) => {
    const before = constant.find((one) => sameArm(one.arm, arm));
    return before === undefined ? [] : [best - before.best];
  });
  return 2 ** mean(rises);
}

const FILES = {
  trials: 'results/reproduction/bundled/trials.jsonl',
  firstSteps: 'results/learning-rate/bundled.jsonl',
  conditions: 'results/learning-rate/conditions.jsonl',
  setting: 'pretrained',
} as const;

export const bundledArms = (): FittedArm[] => readFittedArms(FILES.trials, FILES.firstSteps, FILES.setting);

/** The law of the bundled model's records, to four digits. */
export function fitLaw(): LawConstants {
  const { factor, exponent, waiting } = fitStep(bundledArms());
  const rounded = (value: number) => roundSignificant(value, 4);
  return {
    factor: rounded(factor),
    exponent: rounded(exponent),
    waiting: rounded(waiting),
    horizon: rounded(fitHorizon(FILES.trials, FILES.setting)),
    cosine: rounded(fitCosine(FILES.trials, FILES.setting, FILES.conditions)),
  };
}
