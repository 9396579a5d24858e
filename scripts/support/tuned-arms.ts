/** The arms of a reproduction whose learning rate was tuned, with the losses at every rate that was tried. */
import { readFileSync } from 'node:fs';
import type { TrainTrial, TrialRecord } from '../../src/experiments/index.ts';
import type { AdapterFamily, Basis } from '../../src/record/index.ts';

/** What an arm is, with its keys in this order. */
export interface ArmKey {
  readonly family: AdapterFamily;
  readonly basis: Basis | null;
  readonly rank: number;
  readonly layers: string;
}

export interface TunedArm {
  readonly setting: string;
  readonly arm: ArmKey;
  readonly parameters: number;
  /** Held-out losses of the first seed after the horizon by learning rate, ascending; a run that diverged has none. */
  readonly losses: readonly { readonly rate: number; readonly loss: number | null }[];
  /** log₂ of the best rate: the vertex of a parabola through the best and its neighbours. */
  readonly best: number;
}

/** Rates below this are those of runs that were not to move. */
const STILL = 1e-9;

/** Arms of a `trials.jsonl` whose best rate after `steps` steps lies inside those that were tried. */
export function readTunedArms(path: string, steps: number): TunedArm[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return tunedArms(
    lines.map((line) => JSON.parse(line) as TrialRecord),
    steps,
  );
}

export function tunedArms(records: readonly TrialRecord[], steps: number): TunedArm[] {
  const found = new Map<
    string,
    { arm: ArmKey; setting: string; parameters: number; losses: Map<number, number | null> }
  >();
  for (const { trial, result } of records) {
    if (trial.kind !== 'train' || result === null || !('evalLosses' in result) || !counts(trial, steps))
      continue;
    const { setting, family, basis, rank, layers } = trial;
    const arm = { family, basis, rank, layers };
    const key = JSON.stringify([setting, arm]);
    const one = found.get(key) ?? { arm, setting, parameters: result.parameters, losses: new Map() };
    found.set(key, one);
    const loss = result.evalLosses.find(({ step }) => step === steps)?.loss ?? null;
    // Runs that looked closer, or went on for longer, give the same loss.
    if (loss !== null || result.divergedAt !== null) one.losses.set(trial.learningRate, loss);
  }
  return [...found.values()].flatMap(({ losses, ...rest }) => {
    const sorted = [...losses].toSorted(([a], [b]) => a - b).map(([rate, loss]) => ({ rate, loss }));
    const best = vertex(sorted);
    return best === null ? [] : [{ ...rest, losses: sorted, best }];
  });
}

const counts = ({ seed, rankSchedule, learningRate, steps: length }: TrainTrial, steps: number): boolean =>
  seed === 0 && rankSchedule === undefined && learningRate > STILL && length >= steps;

/** Stands for the loss of a run that diverged. */
const AWAY = 1;

/** Where the parabola through the least loss and its neighbours is least; null where it has but one neighbour. */
function vertex(losses: TunedArm['losses']): number | null {
  const values = losses.map(({ loss }) => loss ?? Number.POSITIVE_INFINITY);
  const at = values.indexOf(Math.min(...values));
  if (at <= 0 || at >= losses.length - 1) return null;
  const [a, b, c] = losses.slice(at - 1, at + 2).map(({ rate }) => Math.log2(rate)) as [
    number,
    number,
    number,
  ];
  const [left, low] = [values[at - 1]!, values[at]!];
  const right = Math.min(values[at + 1]!, low + AWAY);
  // Steps of one factor, but for a rate that was left out.
  const [p, q] = [(left - low) / (b - a), (right - low) / (c - b)];
  return p + q > 0 ? b + (p * (c - b) - q * (b - a)) / 2 / (p + q) : b;
}

/** The loss at a rate, log₂, between those that were tried, and along the last line beyond them. */
export function lossAt({ losses }: TunedArm, rate: number): number {
  const points = losses.map(({ rate: x, loss }) => [Math.log2(x), loss ?? MOST] as const);
  const after = points.findIndex(([x]) => x >= rate);
  const right = after === -1 ? points.length - 1 : Math.max(1, after);
  const [[x0, y0], [x1, y1]] = [points[right - 1]!, points[right]!];
  return y0 + ((y1 - y0) * (rate - x0)) / (x1 - x0);
}

/** Nats: above any loss of a model of words. */
const MOST = 12;
