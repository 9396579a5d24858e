/** All experiments, in the order in which the report shows them. */
import { UserError } from '../errors/index.ts';
import { adaptation } from './declared/adaptation.ts';
import { budgetParity } from './declared/budget-parity.ts';
import { equalLoss } from './declared/equal-loss.ts';
import { fixedK } from './declared/fixed-k.ts';
import { isotropy } from './declared/isotropy.ts';
import { kRule } from './declared/k-rule.ts';
import { paper81Schedule } from './declared/paper81-schedule.ts';
import { paper82Deadzone } from './declared/paper82-deadzone.ts';
import { paper83UpdateRank } from './declared/paper83-update-rank.ts';
import { paper84 } from './declared/paper84-64v32.ts';
import { paper85Ablate } from './declared/paper85-ablate.ts';
import { paper86GradientRank } from './declared/paper86-gradient-rank.ts';
import { paper87A } from './declared/paper87-a.ts';
import { paper87B } from './declared/paper87-b.ts';
import { paper87C } from './declared/paper87-c.ts';
import { paper88Direction } from './declared/paper88-direction.ts';
import { paper88Monotone } from './declared/paper88-monotone.ts';
import { predictor } from './declared/predictor.ts';
import { svdAdvantages } from './declared/svd-advantages.ts';
import { threshold } from './declared/threshold.ts';
import type { Experiment } from './experiment.ts';

export const EXPERIMENTS: readonly Experiment[] = [
  paper87A,
  paper87B,
  paper87C,
  isotropy,
  budgetParity,
  threshold,
  paper88Direction,
  paper88Monotone,
  paper81Schedule,
  paper82Deadzone,
  paper83UpdateRank,
  paper84,
  paper85Ablate,
  paper86GradientRank,
  kRule,
  svdAdvantages,
  fixedK,
  predictor,
  equalLoss,
  adaptation,
];

/** The experiments of these names, in the registry's order; `all` names every one. Throws `experiment-unknown`. */
export function chooseExperiments(names: readonly string[]): Experiment[] {
  const known = ['all', ...EXPERIMENTS.map(({ name }) => name)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UserError('experiment-unknown', (option) => ({
      what: 'there is no experiment of that name',
      got: unknown,
      expected: `one of ${known.join(', ')}`,
      fix: `${option('list')} says what each of them asks`,
    }));
  }
  if (names.includes('all')) return [...EXPERIMENTS];
  return EXPERIMENTS.filter(({ name }) => names.includes(name));
}
